using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// State of one generation: its prompt, the tokens picked so far, and what is computed. Made on a request thread, then owned by the scheduler thread;
/// only <see cref="Cancel"/> and <see cref="Output"/> are used from elsewhere. It outlives slot and engine: set back, its tokens are prefilled again
/// and it goes on where it was, with the same sampler, stop texts and output.
/// </summary>
internal sealed class Sequence
{
    private const int TokensAllocatedAtFirst = 4096;

    private readonly RequestQueue _queue;
    private readonly ITokenizer _tokenizer;
    private readonly Detokenizer _utf8 = new();
    private readonly StopMatcher _stop;
    private readonly TokenTrail? _trail;
    private readonly EncodeJob?[] _jobs;
    private readonly TimeProvider _time;
    private volatile bool _isCancelled;
    private InferenceError? _failure;
    private int[] _generated;
    private int _fedLength;
    private int _cachedImages;
    private int _tokensAtDeath = -1;

    /// <param name="request">Prompt, sampler and limits.</param>
    /// <param name="queue">Of the executor.</param>
    /// <param name="place">This answer's place in it.</param>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="time">Measures its stages.</param>
    /// <param name="signal">Shared by the answers of one request.</param>
    public Sequence(SequenceRequest request, RequestQueue queue, QueuePlace place, ITokenizer tokenizer, TimeProvider time, OutputSignal? signal = null)
    {
        Request = request;
        Place = place;
        _queue = queue;
        _tokenizer = tokenizer;
        _time = time;
        _stop = new StopMatcher(request.Stop);
        _trail = request.TopLogProbabilities is null ? null : new TokenTrail();
        _jobs = new EncodeJob?[request.Prompt.Images.Length];
        _generated = new int[Math.Clamp(request.MaxTokens, 1, TokensAllocatedAtFirst)];
        Output = new OutputBuffer(queue.Wake, request.Choice, signal);
        Times.Load = request.LoadTime;
    }

    public SequenceRequest Request { get; }

    public Prompt Prompt => Request.Prompt;

    public QueuePlace Place { get; }

    public OutputBuffer Output { get; }

    public SequenceTimes Times { get; } = new();

    /// <summary>Prompt positions found computed when the sequence was admitted first.</summary>
    public int CachedTokens { get; set; }

    /// <summary>Positions whose keys and values are stored.</summary>
    public int ComputedTokens { get; set; }

    /// <summary>Tokens of the answer so far.</summary>
    public int GeneratedTokens { get; private set; }

    /// <summary>Positions to be computed before the next token can be picked: prompt and answer.</summary>
    public int Length => Prompt.Length + _fedLength;

    /// <summary>Whether the next step picks a token after computing only the last one.</summary>
    public bool IsPrefilled => _fedLength > 0 && ComputedTokens == Length - 1;

    /// <summary>Whether the sequence lost a slot.</summary>
    public bool WasSetBack { get; private set; }

    /// <summary>Whether the sequence had a slot before, of this engine or of one that died.</summary>
    public bool IsAdmitted => Times.PrefillStarted is not null;

    public bool IsCancelled => _isCancelled;

    public bool IsFinished { get; private set; }

    /// <summary>The token at a position, or <see cref="Prompt.ImageRow"/>.</summary>
    public int TokenAt(int position) => position < Prompt.Length ? Prompt.TokenIds[position] : _generated[position - Prompt.Length];

    /// <summary>The client left: ends the sequence at the next step; its queue place is free at once if it still waits. Any thread.</summary>
    public void Cancel()
    {
        _isCancelled = true;
        Place.Leave();
        _queue.Wake();
    }

    /// <summary>Asks the vision worker for every picture that has a row to be computed.</summary>
    public void RequestImages(VisionWorker vision)
    {
        for (var i = 0; i < _jobs.Length; i++)
        {
            var image = Prompt.Images[i];
            if (image.Start + image.RowCount > ComputedTokens)
            {
                _jobs[i] = vision.Request(image.Picture, Request.Scope);
            }
        }

        _cachedImages = _jobs.Count(static job => job is not { Embedding: null });
        if (Array.Exists(_jobs, j => j is { Embedding: null }))
        {
            Times.EncodeStarted = _time.GetTimestamp();
        }
    }

    /// <summary>What stopped the encoding of one of the pictures, or null.</summary>
    public InferenceException? EncodeFailure()
    {
        foreach (var job in _jobs)
        {
            if (job?.Failure is { } failure)
            {
                return failure as InferenceException
                    ?? new InferenceException(InferenceError.EngineFailed, "A picture could not be encoded.", failure);
            }
        }

        return null;
    }

    /// <summary>Rows of a picture, or null while it is being encoded.</summary>
    public ImageEmbedding? Embedding(int image)
    {
        var embedding = _jobs[image]!.Embedding;
        if (Times.EncodeStarted is { } started && Array.TrueForAll(_jobs, j => j is not { Embedding: null }))
        {
            Times.Encode += _time.GetElapsedTime(started);
            Times.EncodeStarted = null;
        }

        return embedding;
    }

    public void ReleaseImages(VisionWorker? vision)
    {
        for (var i = 0; i < _jobs.Length; i++)
        {
            if (_jobs[i] is { } job)
            {
                vision!.Release(job);
                _jobs[i] = null;
            }
        }
    }

    /// <summary>Takes a picked token, or -1 for none; ends the sequence if the token, a stop text, the grammar or a limit says so.</summary>
    /// <param name="tokenId">The token.</param>
    /// <param name="logits">What it was picked from.</param>
    public void Append(int tokenId, ReadOnlySpan<float> logits)
    {
        if (tokenId < 0)
        {
            // The vocabulary has no token for what the grammar asks for.
            Finish(FinishReason.Length);
            return;
        }

        if (_tokenizer.IsEndOfGeneration(tokenId))
        {
            GeneratedTokens++;
            Finish(FinishReason.Stop);
            return;
        }

        Request.Sampler.Accept(tokenId);
        GeneratedTokens++;
        if (_fedLength == _generated.Length)
        {
            Array.Resize(ref _generated, _generated.Length * 2);
        }

        _generated[_fedLength++] = tokenId;
        var isInCall = Request is { Calls: not null, Sampler.Grammar.HasBegun: true };
        var bytes = _tokenizer.GetBytes(tokenId, special: Request.Calls?.Shows(tokenId, isInCall) == true || Request.Thinking?.Tokens.Contains(tokenId) == true);
        var text = _utf8.Append(bytes);
        if (_trail is not null)
        {
            var token = LogProbabilities.Of(logits, tokenId, Request.TopLogProbabilities!.Value, _tokenizer) with { Bytes = bytes.ToArray() };
            _trail.Add(token, text.Length, _utf8.IsWhole);
        }

        // Stop texts end text: in a call they are part of its arguments.
        var stopped = false;
        ReadOnlySpan<char> released = text;
        if (isInCall && !Request.Calls!.HasForm)
        {
            Release(_stop.Flush());
        }
        else
        {
            stopped = _stop.Append(text, out released);
        }

        Release(released);
        if (stopped)
        {
            Complete(FinishReason.Stop);
        }
        else if (Request.Sampler.Grammar is { IsFinal: true })
        {
            Finish(FinishReason.Stop);
        }
        else if (GeneratedTokens >= Request.MaxTokens)
        {
            Finish(FinishReason.Length);
        }
    }

    /// <summary>Whether an answer that began was given this much time, or the time that its request allows from the first token on.</summary>
    public bool IsOverTime(TimeSpan limit) =>
        (Times.PrefillStarted is { } started && _time.GetElapsedTime(started) > limit)
        || (Times.FirstToken is { } first && _time.GetElapsedTime(first) > Request.PredictTime);

    /// <summary>Gives its place up for good, and counts it.</summary>
    public void Leave(SchedulerContext context, string outcome)
    {
        Place.Dispose();
        context.Metrics.Ended(context.Model, Request.Api, outcome, _failure, Times.ToTimings(Place, _time), Usage());
    }

    /// <summary>Loses its slot: it waits again, and all its tokens are to be prefilled again.</summary>
    public void SetBack(VisionWorker? vision)
    {
        ReleaseImages(vision);
        Request.Pool?.Restart();
        ComputedTokens = 0;
        WasSetBack = true;
        Place.SetBack();
    }

    /// <summary>
    /// Whether the engine died in a step of this sequence and no token was gained since. A step has one such sequence at most, so that a request that
    /// kills engines is told from those beside it.
    /// </summary>
    public bool IsSuspect => _tokensAtDeath == GeneratedTokens;

    /// <summary>The engine died in a step of this sequence.</summary>
    public void DiedWithEngine() => _tokensAtDeath = GeneratedTokens;

    /// <summary>Ends the answer with all text that is still held back.</summary>
    public void Finish(FinishReason reason)
    {
        var rest = _utf8.Flush();
        _trail?.Extend(rest.Length);
        if (_stop.Append(rest, out var released))
        {
            reason = FinishReason.Stop;
            Release(released);
        }
        else
        {
            Release(released);
            Release(_stop.Flush());
        }

        Complete(reason);
    }

    /// <summary>The prompt is computed, whose vector was asked for.</summary>
    public void FinishEmbedding()
    {
        try
        {
            var embedding = Request.Pool!.ToVector();
            IsFinished = true;
            Times.Ended = _time.GetTimestamp();
            Output.Complete(
                new GenerationUpdate { Embedding = embedding, FinishReason = FinishReason.Stop, Usage = Usage(), Timings = Times.ToTimings(Place, _time) });
        }
        catch (InferenceException failure)
        {
            Fail(failure);
        }
    }

    public void Fail(InferenceException failure)
    {
        IsFinished = true;
        _failure = failure.Error;
        Output.Fail(failure);
    }

    /// <summary>How far it is since it has a slot. Any thread: numbers of different moments may stand beside each other.</summary>
    public GenerationProgress Progress()
    {
        var imageCount = _jobs.Length;
        var encoded = imageCount;
        foreach (var job in _jobs)
        {
            encoded -= job is { Embedding: null } ? 1 : 0;
        }

        var computed = GeneratedTokens > 0 ? Prompt.Length : Math.Min(ComputedTokens, Prompt.Length);
        var phase = GeneratedTokens > 0 ? GenerationPhase.Decode : encoded < imageCount ? GenerationPhase.Encoding : GenerationPhase.Prefill;
        return new GenerationProgress
        {
            Phase = phase,
            Done = phase == GenerationPhase.Encoding ? encoded : computed,
            Total = phase == GenerationPhase.Encoding ? imageCount : Prompt.Length,
            ImageCount = imageCount,
            CachedImages = _cachedImages,
            PromptTokens = Prompt.Length,
            ComputedTokens = computed,
            CachedTokens = CachedTokens,
        };
    }

    public UsageDetails Usage() => new()
    {
        PromptTokens = Prompt.Length,
        CompletionTokens = GeneratedTokens,
        CachedTokens = CachedTokens,
        ImageTokens = Prompt.ImageRowCount,
    };

    private void Release(ReadOnlySpan<char> released)
    {
        if (_trail is null)
        {
            Output.Write(released, Request.CountsUpdates && released.Length > 0 ? Details(null) : null);
        }
        else if (released.Length > 0)
        {
            var (text, tokens) = _trail.Release(released);
            Output.Write(text, Details(tokens));
        }
    }

    private GenerationUpdate Details(TokenLogProbability[]? tokens) => new()
    {
        Tokens = tokens,
        Usage = Request.CountsUpdates ? Usage() : null,
        Timings = Request.TimesUpdates ? Times.ToTimings(Place, _time) : null,
    };

    private void Complete(FinishReason reason)
    {
        if (_trail is not null)
        {
            var (text, tokens) = _trail.End();
            Output.Write(text, Details(tokens));
        }

        IsFinished = true;
        Times.Ended = _time.GetTimestamp();
        var stopText = _stop.Found is { } found && Request.OwnStop.Contains(found) ? found : null;
        Output.Complete(new GenerationUpdate { FinishReason = reason, StopText = stopText, Usage = Usage(), Timings = Times.ToTimings(Place, _time) });
    }
}
