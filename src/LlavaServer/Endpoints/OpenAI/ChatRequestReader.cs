using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using LlavaServer.Inference.Prompting;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// Reads the fields of a chat request after <see cref="ChatFields"/>. Every refusal names the field; nothing is dropped silently. Singleton, thread-safe.
/// </summary>
internal sealed class ChatRequestReader(IOptions<LimitsOptions> limits, AnswerFieldsReader common)
{
    private readonly MessagesReader _messages = new(limits.Value);

    public ChatCompletionRequest Read(JsonFields body)
    {
        var answer = common.Read(body, ChatFields.ByName);
        var effort = ReasoningEffort.Read(body, "reasoning_effort");
        if (effort is not null)
        {
            answer = answer with { IgnoredFields = [.. answer.IgnoredFields.Where(static name => name != "reasoning_effort")] };
        }

        var messages = _messages.Read(body);
        return new ChatCompletionRequest(answer)
        {
            Messages = messages,
            Ending = TemplateFields.Ending(body, messages),
            TemplateVariables = TemplateFields.Variables(body, effort),
            SwitchesThinkingOff = effort == PromptVariables.NoThinking,
            KeepsThinkingInText = TemplateFields.KeepsThinkingInText(body),
            Tools = ToolFields.Read(body, hasForm: answer.Grammar is not null),
            TopLogProbabilities = TopLogProbabilities(body),
        };
    }

    private static int? TopLogProbabilities(JsonFields body)
    {
        var asks = body.Boolean("logprobs") ?? false;
        var count = body.Int32("top_logprobs", 0, TokenLogProbability.MostAlternatives);
        if (count is not null && !asks)
        {
            throw RequestException.InvalidValue("top_logprobs", "'top_logprobs' needs 'logprobs': true.");
        }

        var others = AnswerFieldsReader.Probabilities(body);
        return asks ? Math.Max(count ?? 0, others ?? 0) : others;
    }
}
