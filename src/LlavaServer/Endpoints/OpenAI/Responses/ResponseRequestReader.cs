using System.Text.Json;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using LlavaServer.Inference.Prompting;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>
/// Reads the fields of a responses request after <see cref="ResponseFields"/>. Every refusal names the field; nothing is dropped silently. Singleton,
/// thread-safe.
/// </summary>
internal sealed class ResponseRequestReader(IOptions<LimitsOptions> limits, AnswerFieldsReader common, AnswerFormat format)
{
    private const string LogProbabilities = "message.output_text.logprobs";

    /// <summary>OpenAI's bounds of <c>metadata</c>.</summary>
    private const int MaxMetadata = 16;
    private const int MaxMetadataName = 64;
    private const int MaxMetadataValue = 512;

    private readonly ResponseInputReader _input = new(limits.Value);

    public ResponseRequest Read(JsonFields body)
    {
        var answer = common.Read(body, ResponseFields.ByName);
        List<string> ignored = [.. answer.IgnoredFields];
        var text = Text(body, ignored);
        var grammar = format.ReadFlat(text, answer.Grammar);
        var messages = _input.Read(body, ignored);
        var functions = ResponseToolFields.Tools(body, ignored);
        var tools = ResponseToolFields.Read(body, functions, hasForm: grammar is not null, ignored);
        var top = body.Int32("top_logprobs", 0, TokenLogProbability.MostAlternatives);
        var effort = body.TryGet("reasoning", out var reasoning) && reasoning.Kind == JsonValueKind.Object ? ReasoningEffort.Read(reasoning.AsObject(), "effort") : null;
        var chat = new ChatCompletionRequest(answer with
        {
            Grammar = grammar,
            TimesChunks = false,
            IgnoredFields = effort is not null ? [.. ignored.Where(static name => name != "reasoning")] : ignored,
        })
        {
            Messages = messages,
            Ending = TemplateFields.Ending(body, messages),
            TemplateVariables = TemplateFields.Variables(body, effort),
            SwitchesThinkingOff = effort == PromptVariables.NoThinking,
            Tools = tools,
            TopLogProbabilities = IncludesLogProbabilities(body, ignored) ? top ?? 0 : top is > 0 ? top : null,
        };
        return new ResponseRequest(chat, Settings(body, answer, text) with
        {
            AllowsParallelCalls = tools.AllowsParallelCalls,
            TopLogProbabilities = top ?? 0,
            Tools = [.. functions.Values.Select(static function => function.Tool)],
        });
    }

    private static ResponseSettings Settings(JsonFields body, AnswerRequest answer, JsonFields? text) => new()
    {
        Instructions = body.String("instructions"),
        MaxOutputTokens = answer.MaxTokens,
        Temperature = body.Number("temperature") ?? Single(answer.Sampling.Temperature),
        TopP = body.Number("top_p") ?? Single(answer.Sampling.TopP),
        Format = text?.Object("format")?.Element.Clone(),
        ToolChoice = body.TryGet("tool_choice", out var choice) ? choice.Element.Clone() : null,
        Truncates = Truncates(body),
        Metadata = Metadata(body),
    };

    private static bool Truncates(JsonFields body) => body.TryGet("truncation", out var field) && field.AsString() switch
    {
        "auto" => true,
        "disabled" => false,
        _ => throw RequestException.InvalidValue(field.Path, $"Invalid value for '{field.Path}': it must be auto or disabled."),
    };

    // 0.8 as a float is not 0.8 as a double.
    private static double Single(float value) => (double)(decimal)value;

    private static JsonFields? Text(JsonFields body, List<string> ignored)
    {
        if (body.Object("text") is not { } text)
        {
            return null;
        }

        foreach (var member in text.Members())
        {
            if (member.Name != "format" && member.Kind != JsonValueKind.Null)
            {
                IgnoredFields.Add(new JsonField(member.Element, member.Path, false) { Name = "text." + member.Name }, ignored, refuse: false);
            }
        }

        return text;
    }

    private static bool IncludesLogProbabilities(JsonFields body, List<string> ignored)
    {
        var includes = false;
        foreach (var item in body.TryGet("include", out var include) ? include.AsArray() : [])
        {
            if (item.AsString() == LogProbabilities)
            {
                includes = true;
            }
            else
            {
                IgnoredFields.Add(new JsonField(item.Element, item.Path, false) { Name = "include." + item.AsString() }, ignored, refuse: false);
            }
        }

        return includes;
    }

    private static JsonElement? Metadata(JsonFields body)
    {
        if (body.Object("metadata") is not { } metadata)
        {
            return null;
        }

        var members = metadata.Members().ToList();
        return members.Count <= MaxMetadata && members.TrueForAll(static member => member.Name.Length <= MaxMetadataName && IsShortText(member))
            ? metadata.Element.Clone()
            : throw RequestException.InvalidValue(
                "metadata", $"Invalid value for 'metadata': at most {MaxMetadata} texts of {MaxMetadataValue} characters, with names of {MaxMetadataName}.");
    }

    // Names of metadata are the caller's own, so no error repeats them.
    private static bool IsShortText(JsonField member) => member.Kind == JsonValueKind.String && member.AsString().Length <= MaxMetadataValue;
}
