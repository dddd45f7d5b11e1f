using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
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
        var messages = _messages.Read(body);
        return new ChatCompletionRequest(answer)
        {
            Messages = messages,
            ContinuesFinalMessage = ContinuesFinalMessage(body, messages),
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

    private static bool ContinuesFinalMessage(JsonFields body, IReadOnlyList<RequestMessage> messages)
    {
        var continues = body.Boolean("continue_final_message") ?? false;
        var addsPrompt = body.Boolean("add_generation_prompt");
        if (continues && addsPrompt == true)
        {
            throw RequestException.InvalidValue("continue_final_message", "'continue_final_message' and 'add_generation_prompt' cannot both be true.");
        }

        if (!continues && addsPrompt == false)
        {
            throw RequestException.Unsupported("add_generation_prompt", "'add_generation_prompt' can be false only together with 'continue_final_message'.");
        }

        if (continues && messages[^1].Role != Inference.Prompting.ChatRole.Assistant)
        {
            throw RequestException.InvalidValue("continue_final_message", "'continue_final_message' needs an assistant's message at the end.");
        }

        return continues;
    }
}
