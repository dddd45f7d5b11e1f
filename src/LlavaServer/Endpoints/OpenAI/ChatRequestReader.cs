using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Sampling;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// Reads the fields of a chat request after <see cref="ChatFields"/>. Every refusal names the field; nothing is dropped silently. Singleton, thread-safe.
/// </summary>
internal sealed class ChatRequestReader(IOptions<OpenAIOptions> options, IOptions<LimitsOptions> limits, AnswerFormat format)
{
    private const int MaxIgnoredNames = 32;
    private readonly MessagesReader _messages = new(limits.Value);

    public ChatCompletionRequest Read(JsonFields body)
    {
        var ignored = CheckFields(body);
        var messages = _messages.Read(body);
        var stream = body.Boolean("stream") ?? false;
        var (includesUsage, includesProgress) = StreamOptions(body, stream, ignored);
        return new ChatCompletionRequest
        {
            Model = body.String("model"),
            Messages = messages,
            Sampling = SamplingFields.Read(body),
            MaxTokens = MaxTokens(body),
            Stop = StopTexts.Read(body),
            Grammar = format.Read(body),
            IsStream = stream,
            IncludesUsage = includesUsage,
            IncludesProgress = includesProgress || (body.Boolean("return_progress") ?? false),
            ContinuesFinalMessage = ContinuesFinalMessage(body, messages),
            HasServiceTier = body.String("service_tier") is not null,
            PingSeconds = PingSeconds(body),
            IgnoredFields = ignored,
        };
    }

    private List<string> CheckFields(JsonFields body)
    {
        var ignored = new List<string>();
        foreach (var member in body.Members())
        {
            if (!body.TryGet(member.Name, out var field))
            {
                continue;
            }

            if (!ChatFields.ByName.TryGetValue(member.Name, out var known))
            {
                Ignore(field, ignored, options.Value.StrictParameters);
                continue;
            }

            switch (known.Rule)
            {
                case ChatFieldRule.Ignored:
                    Ignore(field, ignored, refuse: false);
                    break;
                case ChatFieldRule.NeutralOnly when !known.IsNeutral!(field):
                    throw RequestException.Unsupported(known.Name, $"'{known.Name}' is not supported by this version, except {known.Neutral}.");
                case ChatFieldRule.Refused:
                    throw known.Name == "top_logprobs"
                        ? RequestException.InvalidValue("top_logprobs", "'top_logprobs' needs 'logprobs': true, which this version does not support.")
                        : RequestException.Unsupported(known.Name, $"'{known.Name}' is not supported. {known.Description}");
            }
        }

        return ignored;
    }

    /// <summary>Only names that are harmless in a header are listed.</summary>
    private static void Ignore(JsonField field, List<string> ignored, bool refuse)
    {
        var isHarmless = field.Name.Length is > 0 and <= 64 && field.Name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
        if (refuse)
        {
            throw RequestException.Unsupported(
                isHarmless ? field.Name : "", $"This request has a field that the server does not know{(isHarmless ? $": '{field.Name}'" : "")} (OpenAI:StrictParameters).");
        }

        if (isHarmless && ignored.Count < MaxIgnoredNames && !ignored.Contains(field.Name))
        {
            ignored.Add(field.Name);
        }
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
                Ignore(new JsonField(member.Element, member.Path, false) { Name = "stream_options." + member.Name }, ignored, refuse: false);
            }
        }

        return (includesUsage, includesProgress);
    }

    private static int? MaxTokens(JsonFields body)
    {
        int? tokens = null;
        foreach (var name in (ReadOnlySpan<string>)["n_predict", "max_tokens", "max_completion_tokens"])
        {
            if (body.TryGet(name, out var field))
            {
                tokens = (int)field.AsInt64(-1, int.MaxValue);
                if (tokens == 0)
                {
                    throw RequestException.InvalidValue(name, $"Invalid value for '{name}': it must be at least 1, or -1 for no limit.");
                }
            }
        }

        return tokens == -1 ? null : tokens;
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
