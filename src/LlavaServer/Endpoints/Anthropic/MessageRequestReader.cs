using LlavaServer.Configuration;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Tools;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.Anthropic;

/// <summary>
/// Reads the fields of a message request after <see cref="MessageFields"/> into a chat request: what follows is the same for both. Every refusal names
/// the field; nothing is dropped silently. Singleton, thread-safe.
/// </summary>
internal sealed class MessageRequestReader(IOptions<LimitsOptions> limits, IOptions<OpenAIOptions> options, GrammarCompiler grammars, ModelSelector models)
{
    /// <summary>What Anthropic's own clients have to say, and others forget.</summary>
    private const int DefaultMaxTokens = 4096;

    private readonly BlockReader _blocks = new(limits.Value);

    public ChatCompletionRequest Read(JsonFields body)
    {
        var ignored = IgnoredFields.Of(body, MessageFields.ByName, options.Value.StrictParameters);
        var sampling = models.SamplingOf(body.String("model"));
        var grammar = Format(body);
        var tools = MessageTools.Read(body);
        if (grammar is not null && tools.Choice.Kind is ToolChoiceKind.Required or ToolChoiceKind.Named)
        {
            throw RequestException.InvalidValue("tool_choice", "'tool_choice' asks for a call, which cannot be combined with 'output_config.format'.");
        }

        var messages = _blocks.Read(body);
        var answer = new AnswerRequest
        {
            Model = body.String("model"),
            Sampling = sampling with
            {
                Temperature = (float?)body.Number("temperature", 0, 1) ?? sampling.Temperature,
                TopP = body.Number("top_p", 0, 1) is { } topP ? Math.Max((float)topP, SamplingFields.SmallestTopP) : sampling.TopP,
                TopK = body.Int32("top_k", 0) ?? sampling.TopK,
            },
            MaxTokens = body.Int32("max_tokens", 1) ?? DefaultMaxTokens,
            Stop = StopTexts.Read(body, "stop_sequences"),
            Grammar = grammar,
            IsStream = body.Boolean("stream") ?? false,
            IgnoredFields = ignored,
        };
        return new ChatCompletionRequest(answer)
        {
            Messages = messages,
            Ending = messages[^1] is { Role: ChatRole.Assistant, ToolCalls.Count: 0 } ? PromptEnding.Continued : PromptEnding.Answer,
            Tools = tools,
        };
    }

    private Grammar? Format(JsonFields body)
    {
        if (body.Object("output_config")?.Object("format") is not { } format)
        {
            return null;
        }

        var type = format.Required("type");
        var schema = type.AsString() == "json_schema"
            ? format.Required("schema")
            : throw RequestException.InvalidValue(type.Path, $"Invalid value for '{type.Path}': it must be json_schema.");
        return grammars.JsonSchema(schema.Element, schema.Path);
    }
}
