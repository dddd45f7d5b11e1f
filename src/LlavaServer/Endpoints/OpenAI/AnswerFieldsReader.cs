using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// Reads the fields that chat, responses and text completions have in common, after a table of all fields. Every refusal names the field; nothing is dropped
/// silently. Singleton, thread-safe.
/// </summary>
internal sealed class AnswerFieldsReader(IOptions<OpenAIOptions> options, IOptions<InferenceOptions> inference, AnswerFormat format, ModelSelector models)
{
    /// <summary>Choices that a client library can ask for.</summary>
    private const int MostChoices = 128;

    /// <summary>Log probabilities are the caller's to read: chat and text completions ask for them differently.</summary>
    /// <param name="body">The request.</param>
    /// <param name="table">Every field that the route knows.</param>
    /// <param name="maxTokens">Tokens of an answer when the request says nothing; null is the rest of the context.</param>
    public AnswerRequest Read(JsonFields body, IReadOnlyDictionary<string, ChatField> table, int? maxTokens = null)
    {
        var ignored = CheckFields(body, table);
        var stream = body.Boolean("stream") ?? false;
        var (includesUsage, includesProgress) = StreamOptions(body, stream, ignored);
        var most = MaxTokens(body, table, maxTokens);
        return new AnswerRequest
        {
            Model = body.String("model"),
            Sampling = SamplingFields.Read(body, models.SamplingOf(body.String("model"))),
            LogitBias = LogitBias.Read(body),
            MaxTokens = most,
            MinTokens = MinTokens(body, most),
            IgnoresEnd = body.Boolean("ignore_eos") ?? false,
            PredictTime = body.Int32("t_max_predict_ms", -1) is > 0 and var milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null,
            Stop = StopTexts.Read(body),
            Grammar = format.Read(body),
            Choices = Choices(body),
            ReusesPrompt = body.Boolean("cache_prompt") ?? true,
            IsStream = stream,
            IncludesUsage = includesUsage,
            IncludesProgress = includesProgress || (body.Boolean("return_progress") ?? false),
            TimesChunks = body.Boolean("timings_per_token") ?? false,
            HasServiceTier = body.String("service_tier") is not null,
            PingSeconds = PingSeconds(body),
            IgnoredFields = ignored,
        };
    }

    /// <summary>llama-server's name for log probabilities: so many alternatives, 0 is none of it.</summary>
    public static int? Probabilities(JsonFields body) => body.Int32("n_probs", 0, TokenLogProbability.MostAlternatives) is > 0 and var count ? count : null;

    private List<string> CheckFields(JsonFields body, IReadOnlyDictionary<string, ChatField> table)
    {
        var ignored = IgnoredFields.Of(body, table, options.Value.StrictParameters);

        // Any slot finds what any other has stored, so it does not matter which one answers.
        if (body.Int32("id_slot", -1, inference.Value.Engine.Slots - 1) is >= 0)
        {
            ignored.Add("id_slot");
        }

        return ignored;
    }

    private static (bool IncludesUsage, bool IncludesProgress) StreamOptions(JsonFields body, bool stream, List<string> ignored)
    {
        if (body.Object("stream_options") is not { } streamOptions)
        {
            return default;
        }

        var includesUsage = streamOptions.Boolean("include_usage") ?? false;
        var includesProgress = streamOptions.Boolean("include_progress") ?? false;
        if (!stream)
        {
            ignored.Add("stream_options");
            return default;
        }

        foreach (var member in streamOptions.Members())
        {
            if (member.Name is not ("include_usage" or "include_progress"))
            {
                IgnoredFields.Add(new JsonField(member.Element, member.Path, false) { Name = "stream_options." + member.Name }, ignored, refuse: false);
            }
        }

        return (includesUsage, includesProgress);
    }

    private static int? MaxTokens(JsonFields body, IReadOnlyDictionary<string, ChatField> table, int? absent)
    {
        var tokens = absent;
        foreach (var name in (ReadOnlySpan<string>)["n_predict", "max_tokens", "max_completion_tokens", "max_output_tokens"])
        {
            if (table.ContainsKey(name) && body.TryGet(name, out var field))
            {
                tokens = (int)field.AsInt64(-1, int.MaxValue);
                if (tokens == 0)
                {
                    throw RequestException.InvalidValue(name, $"Invalid value for '{name}': it must be at least 1, or -1 for no limit.");
                }
            }
        }

        return tokens is -1 or 0 ? null : tokens;
    }

    private static int MinTokens(JsonFields body, int? most)
    {
        var least = body.Int32("min_tokens", 0) ?? 0;
        return least <= (most ?? int.MaxValue)
            ? least
            : throw RequestException.InvalidValue("min_tokens", $"Invalid value for 'min_tokens': the answer has at most {most} tokens.");
    }

    private int Choices(JsonFields body)
    {
        var choices = body.Int32("n", 1, MostChoices) ?? 1;
        var limit = inference.Value.Limits.Choices;
        return choices <= limit
            ? choices
            : throw RequestException.InvalidValue("n", $"Invalid value for 'n': at most {limit} answers to one prompt are allowed (Limits:Choices).");
    }

    private static double? PingSeconds(JsonFields body)
    {
        if (!body.TryGet("sse_ping_interval", out var field))
        {
            return null;
        }

        var seconds = field.AsNumber(-1, 3600);
        return seconds is -1 or >= 0.1
            ? seconds
            : throw RequestException.InvalidValue(field.Path, "Invalid value for 'sse_ping_interval': it must be -1 or between 0.1 and 3600.");
    }
}
