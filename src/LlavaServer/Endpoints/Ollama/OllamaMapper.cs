using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>From Ollama's requests to the neutral request.</summary>
internal static class OllamaMapper
{
    private const string Placeholder = "[img]";
    private const string BetweenMessages = "\n\n";

    /// <summary>Context below which a picture and its question do not fit, whatever <c>num_ctx</c> says.</summary>
    private const int MinVisionContext = 2048;

    private const int MinContext = 4;

    public static GenerationRequest ToGeneration(OllamaChatRequest request, ModelEntry model) =>
        Shared(request, model) with { Messages = Messages(request.Messages), Tools = request.Tools };

    /// <param name="request">What the caller asked for.</param>
    /// <param name="model">Who is asked.</param>
    /// <param name="fill">The model's tokens for filling a gap, when the request has one.</param>
    public static GenerationRequest ToGeneration(OllamaGenerateRequest request, ModelEntry model, (int Prefix, int Suffix, int Middle)? fill = null)
    {
        var shared = Shared(request, model);
        if (!request.Raw && fill is { } tokens)
        {
            return shared with
            {
                RawPrompt =
                [
                    .. Images(request.Images, "images"), MessagePart.FromTokens([.. request.Context ?? [], tokens.Prefix]), MessagePart.FromText(request.Prompt),
                    MessagePart.FromTokens([tokens.Suffix]), MessagePart.FromText(request.Suffix), MessagePart.FromTokens([tokens.Middle]),
                ],
            };
        }

        if (request.Raw)
        {
            return shared with { WrittenPrompt = OllamaRawPrompt.Parts(request.Prompt, Images(request.Images, "images")) };
        }

        var user = new ChatMessage(ChatRole.User, Parts(request.Prompt, Images(request.Images, "images")));
        return shared with
        {
            Before = request.Context,
            Suffix = request.Suffix,
            Messages = request.System.Length > 0 ? [new ChatMessage(ChatRole.System, [MessagePart.FromText(request.System)]), user] : [user],
        };
    }

    /// <summary>Positions that <c>num_ctx</c> asks for, at least those that the model needs for anything; null if it does not ask.</summary>
    public static int? ContextLength(OllamaOptions options, ModelEntry model) =>
        options.NumCtx is { } context ? Math.Max(context, model.HasVision ? MinVisionContext : MinContext) : null;

    /// <summary>
    /// Ollama's "collate": neighbours with the same role are one message, their texts joined by an empty line; but results of tools, and calls, stay alone.
    /// </summary>
    internal static IReadOnlyList<ChatMessage> Messages(IReadOnlyList<OllamaMessage> messages)
    {
        var collated = new List<ChatMessage>(messages.Count);
        for (var i = 0; i < messages.Count; i++)
        {
            var parts = Parts(messages[i].Content, Images(messages[i].Images ?? [], $"messages[{i}].images"));
            var role = messages[i].Role switch
            {
                "system" => ChatRole.System,
                "assistant" => ChatRole.Assistant,
                "tool" => ChatRole.Tool,
                _ => ChatRole.User,
            };
            var calls = Calls(messages[i].ToolCalls ?? []);
            if (role != ChatRole.Tool && calls.Length == 0 && collated.Count > 0 && collated[^1].Role == role && collated[^1].ToolCalls.Count == 0)
            {
                collated[^1] = collated[^1] with { Parts = Join(collated[^1].Parts, parts) };
            }
            else
            {
                collated.Add(new ChatMessage(role, parts) { Thinking = messages[i].Thinking ?? "", ToolCalls = calls, ToolCallId = messages[i].ToolCallId, ToolName = messages[i].ToolName });
            }
        }

        return collated;
    }

    private static ToolCall[] Calls(IReadOnlyList<OllamaToolCall> calls) =>
        [.. calls.Select(static call => new ToolCall(call.Id ?? "", call.Function.Name, call.Function.Arguments.GetRawText()))];

    /// <summary>
    /// Pictures, then the text. Each picture in order takes the place of the first <c>[img]</c> that is left; those without one stand in front. The
    /// templates of LLaVA put all pictures in front of the text, so only their order matters, and the text stays one piece.
    /// </summary>
    private static List<MessagePart> Parts(string text, IReadOnlyList<MessagePart> images)
    {
        var placed = new List<MessagePart>();
        foreach (var image in images)
        {
            var at = text.IndexOf(Placeholder, StringComparison.Ordinal);
            if (at < 0)
            {
                break;
            }

            text = text.Remove(at, Placeholder.Length);
            placed.Add(image);
        }

        return [.. images.Skip(placed.Count), .. placed, MessagePart.FromText(text)];
    }

    private static List<MessagePart> Join(IReadOnlyList<MessagePart> first, IReadOnlyList<MessagePart> second)
    {
        var text = string.Concat(first[^1].Text, BetweenMessages, second[^1].Text);
        return [.. first.SkipLast(1), .. second.SkipLast(1), MessagePart.FromText(text)];
    }

    private static IReadOnlyList<MessagePart> Images(IReadOnlyList<byte[]> images, string path) =>
        [.. images.Select((bytes, index) => MessagePart.FromImage(bytes, $"{path}[{index}]"))];

    private static GenerationRequest Shared(OllamaRequest request, ModelEntry model)
    {
        var options = request.Options;
        return new GenerationRequest
        {
            Model = model.Name,
            MaxTokens = options.NumPredict >= 0 ? options.NumPredict : null,
            Stop = options.Stop,
            Grammar = request.Format,
            Thinking = request.Thinks,
            TopLogProbabilities = request.TopLogprobs,
            ContextLength = ContextLength(options, model),
            KeepAlive = request.KeepAlive.ForPool,
            TemplateVariables = request.SwitchesThinkingOff ? PromptVariables.NoThinking
                : request.Thinks is not null ? PromptVariables.Think(request.ThinkLevel)
                : PromptVariables.None,
            Sampling = new SamplingParameters
            {
                Temperature = options.Temperature,
                TopK = options.TopK,
                TopP = options.TopP,
                MinP = options.MinP,
                TypicalP = options.TypicalP,
                RepeatLastN = options.RepeatLastN,
                RepeatPenalty = options.RepeatPenalty,
                PresencePenalty = options.PresencePenalty,
                FrequencyPenalty = options.FrequencyPenalty,
                Mirostat = (MirostatVersion)options.Mirostat,
                MirostatTau = options.MirostatTau,
                MirostatEta = options.MirostatEta,
                Seed = options.Seed < 0 ? null : unchecked((uint)options.Seed),
            },
        };
    }
}
