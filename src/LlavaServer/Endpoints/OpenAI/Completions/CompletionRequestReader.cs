using System.Text.Json;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI.Completions;

/// <summary>
/// Reads the fields of a text completion after <see cref="CompletionFields"/>. Every refusal names the field; nothing is dropped silently. Singleton,
/// thread-safe.
/// </summary>
internal sealed class CompletionRequestReader(AnswerFieldsReader common, IOptions<OpenAIOptions> options, IOptions<InferenceOptions> inference)
{
    /// <summary>OpenAI's bound for this route.</summary>
    private const int MostAlternatives = 5;

    public CompletionRequest Read(JsonFields body)
    {
        var answer = common.Read(body, CompletionFields.ByName, options.Value.CompletionsMaxTokens);
        var prompts = Prompts(body.Required("prompt"));
        var top = body.Int32("logprobs", 0, MostAlternatives) ?? AnswerFieldsReader.Probabilities(body);
        var bestOf = BestOf(body, answer);
        var echoes = body.Boolean("echo") ?? false;
        if (echoes && top is not null)
        {
            throw RequestException.Unsupported("echo", "'echo' cannot be combined with 'logprobs': the prompt's tokens have no log probabilities here.");
        }

        return new CompletionRequest(answer)
        {
            Prompts = prompts,
            Suffix = body.String("suffix") is { Length: > 0 } suffix ? Filling(suffix, prompts) : null,
            Echoes = echoes,
            BestOf = bestOf,
            HasLogProbabilities = top is not null,
            TopLogProbabilities = top ?? (bestOf > answer.Choices ? 0 : null),
        };
    }

    private static string Filling(string suffix, IReadOnlyList<CompletionPrompt> prompts) =>
        prompts.All(static prompt => prompt.Text is not null && prompt.Pictures.Count == 0)
            ? suffix
            : throw RequestException.InvalidValue("suffix", "'suffix' needs prompts of text.");

    private int BestOf(JsonFields body, AnswerRequest answer)
    {
        if (body.Int32("best_of", 1, 128) is not { } bestOf)
        {
            return answer.Choices;
        }

        var limit = inference.Value.Limits.Choices;
        return bestOf < answer.Choices ? throw RequestException.InvalidValue("best_of", "Invalid value for 'best_of': it must be at least 'n'.")
            : bestOf > limit ? throw RequestException.InvalidValue("best_of", $"Invalid value for 'best_of': at most {limit} answers to one prompt are allowed (Limits:Choices).")
            : bestOf > answer.Choices && answer.IsStream ? throw RequestException.InvalidValue("best_of", "'best_of' above 'n' cannot be streamed.")
            : bestOf;
    }

    private IReadOnlyList<CompletionPrompt> Prompts(JsonField prompt)
    {
        if (prompt.Kind != JsonValueKind.Array || IsTokens(prompt))
        {
            return [One(prompt)];
        }

        var limit = inference.Value.Limits.Prompts;
        var count = prompt.Element.GetArrayLength();
        return count == 0 ? throw RequestException.InvalidValue(prompt.Path, "'prompt' is empty.")
            : count > limit ? throw RequestException.InvalidValue(prompt.Path, $"'prompt' has {count} prompts; at most {limit} are allowed (Limits:Prompts).")
            : [.. prompt.AsArray().Select(static item => One(item))];
    }

    private static CompletionPrompt One(JsonField prompt) => prompt.Kind switch
    {
        JsonValueKind.String => new CompletionPrompt { Text = prompt.AsString(), Path = prompt.Path },
        JsonValueKind.Array => Tokens(prompt),
        JsonValueKind.Object => WithPictures(prompt.AsObject(), prompt.Path),
        _ => throw prompt.WrongType("a string, an array of token ids, or an object with prompt_string"),
    };

    private static bool IsTokens(JsonField prompt) => prompt.AsArray().FirstOrDefault() is { Path: not null, Kind: JsonValueKind.Number };

    private static CompletionPrompt Tokens(JsonField prompt)
    {
        var tokens = prompt.AsArray().Select(static token => (int)token.AsInt64(0, int.MaxValue)).ToList();
        return tokens.Count > 0
            ? new CompletionPrompt { Tokens = tokens, Path = prompt.Path }
            : throw RequestException.InvalidValue(prompt.Path, $"'{prompt.Path}' has no tokens.");
    }

    private static CompletionPrompt WithPictures(JsonFields prompt, string path)
    {
        var text = prompt.Required("prompt_string").AsString();
        var pictures = prompt.TryGet("multimodal_data", out var data) ? data.AsArray().ToList() : [];
        var markers = text.AsSpan().Count(ApplyTemplateEndpoint.MediaMarker);
        return markers == pictures.Count
            ? new CompletionPrompt { Text = text, Pictures = pictures, Path = path }
            : throw RequestException.InvalidValue(
                prompt.PathOf("multimodal_data"),
                $"'{prompt.PathOf("prompt_string")}' has {markers} markers {ApplyTemplateEndpoint.MediaMarker} and '{prompt.PathOf("multimodal_data")}' {pictures.Count} pictures.");
    }
}
