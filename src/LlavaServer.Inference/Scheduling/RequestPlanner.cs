using LlavaServer.Inference.Embeddings;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Thinking;
using LlavaServer.Inference.Tools;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// Makes the sequences of a request for a model that is in memory: writes and tokenizes the prompt, checks it against the context, and sets up sampler,
/// grammar and stop texts. Thread-safe; one for the process.
/// </summary>
internal sealed class RequestPlanner(InferenceOptions options, CallPlanner calls)
{
    /// <summary>Refuses what cannot fit however it is tokenized, before pictures are decoded.</summary>
    public static void CheckSize(GenerationRequest request, LoadedModel model, int pictureCount) =>
        CheckSize(Write(request, model.Template, model.ChatTemplateWarning), request, model, pictureCount);

    /// <summary>What the prompt takes in the context, whether it fits or not.</summary>
    public static Prompt Count(GenerationRequest request, LoadedModel model, List<Picture> pictures, CancellationToken cancellationToken) =>
        Build(Write(request, model.Template, model.ChatTemplateWarning), model, pictures, cancellationToken);

    /// <summary>All answers of the request; their samplers are their own, everything else is shared.</summary>
    public SequenceRequest[] Plan(GenerationRequest request, LoadedModel model, List<Picture> pictures, TimeSpan loadTime, CancellationToken cancellationToken)
    {
        var first = PlanFirst(request, model, pictures, cancellationToken) with { LoadTime = loadTime };
        return
        [
            first,
            .. Enumerable.Range(1, request.Choices - 1).Select(
                choice => first with { Choice = choice, Sampler = SamplerFor(request, choice, first.Prompt, first.Calls, first.Thinking, model) }),
        ];
    }

    private SequenceRequest PlanFirst(GenerationRequest request, LoadedModel model, List<Picture> pictures, CancellationToken cancellationToken)
    {
        var text = Write(request, model.Template, model.ChatTemplateWarning);
        var context = CheckSize(text, request, model, pictures.Count);
        var prompt = Build(text, model, pictures, cancellationToken);
        if (request.Pooling is null ? prompt.Length >= context : prompt.Length > context)
        {
            throw TooLong(request, prompt.Length, prompt.ImageRowCount, context, "");
        }

        if (prompt.Length == 0)
        {
            throw new InferenceException(InferenceError.Unsupported, "The prompt is empty and the model has no token to begin with.");
        }

        var pool = request.Pooling is { } pooling ? new EmbeddingPool(pooling, prompt.Length) : null;
        var plan = calls.Plan(request, text.Calls, model.Tokenizer);
        var thinking = ThinkPlanOf(request, text, model);
        return new SequenceRequest
        {
            Prompt = prompt,
            Scope = options.Cache.Scope == CacheOptions.ByKey ? request.Client : "",
            Sampler = SamplerFor(request, 0, prompt, plan, thinking, model),
            MaxTokens = Math.Min(request.MaxTokens ?? int.MaxValue, context - prompt.Length),
            Api = request.Api,
            PredictTime = request.PredictTime,
            TopLogProbabilities = request.TopLogProbabilities,
            TimesUpdates = request.TimesUpdates,
            Pool = pool,
            ReusesPrompt = request.ReusesPrompt && (pool?.AllowsReuse ?? true),
            Stop = StopTexts(request, plan, model),
            OwnStop = request.Stop,
            Calls = plan,
            Thinking = thinking,
        };
    }

    private static Prompt Build(PromptText text, LoadedModel model, List<Picture> pictures, CancellationToken cancellationToken) =>
        PromptBuilder.Build(text, model.Tokenizer, pictures, model.Info.Vision?.RowsPerImage ?? 0, cancellationToken);

    private static ThinkPlan? ThinkPlanOf(GenerationRequest request, PromptText text, LoadedModel model)
    {
        if (request.Thinking is not { } markers || !request.IsConversation)
        {
            return null;
        }

        var isOpen = text.ToPlainText(model.Tokenizer, "").AsSpan().TrimEnd().EndsWith(markers.Open, StringComparison.Ordinal);
        return new ThinkPlan(markers, isOpen, ControlTokens.In([markers.Open, markers.Close], model.Tokenizer));
    }

    private static Sampler SamplerFor(GenerationRequest request, int choice, Prompt prompt, CallPlan? calls, ThinkPlan? thinking, LoadedModel model)
    {
        var sampling = request.Sampling with { Seed = SeedOf(request.Sampling.Seed, choice) };
        var sampler = new Sampler(sampling, ContextOf(request, model), model.Tokenizer)
        {
            Grammar = (calls?.Grammar ?? request.Grammar) is { } grammar ? MatcherFor(grammar, calls, thinking, model) : null,
            EndTokens = request.IgnoreEnd || request.MinTokens > 0 ? EndTokens(model.Tokenizer) : [],
            EndsAfter = request.IgnoreEnd ? int.MaxValue : request.MinTokens,
        };
        foreach (var tokenId in prompt.TokenIds)
        {
            if (tokenId >= 0)
            {
                sampler.AcceptPrompt(tokenId);
            }
        }

        return sampler;
    }

    // On a request thread.
    private static GrammarMatcher MatcherFor(Grammar grammar, CallPlan? calls, ThinkPlan? thinking, LoadedModel model)
    {
        var startsFree = calls is { StartsFree: true };
        var whole = thinking is null ? grammar : ThinkGrammar.Before(thinking, grammar, mayEnd: startsFree);
        return new GrammarMatcher(model.Constraints.Of(whole, [.. calls?.CallTokens ?? [], .. thinking?.Tokens ?? []]), startsFree);
    }

    // The template's stop texts end text alone: they may be part of an answer that has a form.
    private static IReadOnlyList<string> StopTexts(GenerationRequest request, CallPlan? calls, LoadedModel model)
    {
        var isText = request.IsConversation && request.Grammar is null && calls is null or { StartsFree: true };
        return isText ? [.. request.Stop, .. (request.Template ?? model.Template!).StopTexts] : request.Stop;
    }

    // The largest number asks for a random seed, so it is passed over.
    private static uint? SeedOf(uint? seed, int choice) => seed is { } first and not uint.MaxValue ? (uint)(((ulong)first + (uint)choice) % uint.MaxValue) : seed;

    /// <summary>Positions that the request may use.</summary>
    public static int ContextOf(GenerationRequest request, LoadedModel model) => Math.Min(request.ContextLength ?? int.MaxValue, model.Info.ContextLength);

    private static int[] EndTokens(ITokenizer tokenizer) => [.. Enumerable.Range(0, tokenizer.VocabularySize).Where(tokenizer.IsEndOfGeneration)];

    // Refuses what cannot fit however it is tokenized, before it is tokenized or pictures are decoded. Returns the positions that the request may use.
    private static int CheckSize(PromptText text, GenerationRequest request, LoadedModel model, int pictureCount)
    {
        var context = ContextOf(request, model);
        var imageRows = (long)pictureCount * (model.Info.Vision?.RowsPerImage ?? 0);
        var fewest = PromptBuilder.FewestTokens(text, model.Tokenizer, imageRows);
        return fewest < context || (request.Pooling is not null && fewest == context) ? context : throw TooLong(request, fewest, imageRows, context, "at least ");
    }

    /// <summary>The prompt before it is tokenized.</summary>
    /// <param name="request">With the model's defaults filled in.</param>
    /// <param name="template">Of the model; null if it has none that can be used.</param>
    /// <param name="warning">Why there is none.</param>
    public static PromptText Write(GenerationRequest request, ChatTemplate? template, string? warning)
    {
        var text = new PromptText();
        if (request.RawPrompt is { } raw)
        {
            var imageCount = raw.Count(p => p.ImageBytes is not null);
            for (var i = 0; i < imageCount; i++)
            {
                text.Image(i).Text("\n");
            }

            foreach (var part in raw)
            {
                if (part.TokenIds is { } tokenIds)
                {
                    text.Tokens(tokenIds);
                }
                else
                {
                    text.Text(part.Text ?? "");
                }
            }

            return text;
        }

        if (request.WrittenPrompt is { } written)
        {
            var imageIndex = 0;
            foreach (var part in written)
            {
                _ = part switch
                {
                    { TokenIds: { } tokens } => text.Tokens(tokens),
                    { ImageBytes: not null } => text.Image(imageIndex++),
                    _ => text.Spelled(part.Text!),
                };
            }

            return text;
        }

        template = request.Template ?? template;
        if (template is null)
        {
            throw new InferenceException(InferenceError.Unsupported, $"The model cannot take conversations. {warning}");
        }

        if (request.Before is { Count: > 0 } before)
        {
            text.Tokens(before);
        }

        template.Render(request.ToConversation(), text);
        return text;
    }

    private static InferenceException TooLong(GenerationRequest request, long tokens, long imageTokens, int context, string estimate) => new(
        InferenceError.PromptTooLong,
        $"The prompt has {estimate}{tokens} tokens, {imageTokens} of them from pictures; the context holds {context} (Engine:ContextLength){(request.Pooling is null ? ", of which the answer needs at least one" : "")}.")
    {
        PromptTokens = (int)Math.Min(int.MaxValue, tokens),
        ImageTokens = (int)Math.Min(int.MaxValue, imageTokens),
        ContextLength = context,
    };
}
