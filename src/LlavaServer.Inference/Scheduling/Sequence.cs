using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// State of one generation: its prompt, the tokens picked so far, and what is computed. Made on a request thread, then owned by the scheduler thread;
/// only <see cref="Cancel"/> and <see cref="Output"/> are used from elsewhere.
/// </summary>
internal sealed class Sequence
{
    private readonly RequestQueue _queue;
    private readonly ITokenizer _tokenizer;
    private readonly Detokenizer _utf8 = new();
    private readonly StopMatcher _stop;
    private readonly EncodeJob?[] _jobs;
    private readonly TimeProvider _time;
    private volatile bool _isCancelled;
    private int _lastToken = -1;

    public Sequence(SequenceRequest request, RequestQueue queue, QueuePlace place, ITokenizer tokenizer, TimeProvider time)
    {
        Request = request;
        Place = place;
        _queue = queue;
        _tokenizer = tokenizer;
        _time = time;
        _stop = new StopMatcher(request.Stop);
        _jobs = new EncodeJob?[request.Prompt.Images.Length];
        Output = new OutputBuffer(queue.Wake);
        Times.Load = request.LoadTime;
    }

    public SequenceRequest Request { get; }

    public Prompt Prompt => Request.Prompt;

    public QueuePlace Place { get; }

    public OutputBuffer Output { get; }

    public SequenceTimes Times { get; } = new();

    /// <summary>Prompt positions found computed at admission.</summary>
    public int CachedTokens { get; set; }

    /// <summary>Positions whose keys and values are stored.</summary>
    public int ComputedTokens { get; set; }

    /// <summary>Tokens of the answer so far.</summary>
    public int GeneratedTokens { get; private set; }

    public bool IsPrefilled => ComputedTokens >= Prompt.Length;

    public bool IsCancelled => _isCancelled;

    public bool IsFinished { get; private set; }

    /// <summary>The token that the next decode row carries.</summary>
    public int LastToken => _lastToken;

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
                _jobs[i] = vision.Request(image.Picture);
            }
        }

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
            Times.Encode = _time.GetElapsedTime(started);
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

    /// <summary>Takes a picked token; ends the sequence if the token, a stop text or a limit says so.</summary>
    public void Append(int tokenId)
    {
        _lastToken = tokenId;
        if (_tokenizer.IsEndOfGeneration(tokenId))
        {
            GeneratedTokens++;
            Finish(FinishReason.Stop);
            return;
        }

        Request.Sampler.Accept(tokenId);
        GeneratedTokens++;
        var stopped = _stop.Append(_utf8.Append(_tokenizer.GetBytes(tokenId, special: false)), out var released);
        Output.Write(released);
        if (stopped)
        {
            Complete(FinishReason.Stop);
        }
        else if (GeneratedTokens >= Request.MaxTokens)
        {
            Finish(FinishReason.Length);
        }
    }

    /// <summary>Ends the answer with all text that is still held back.</summary>
    public void Finish(FinishReason reason)
    {
        if (_stop.Append(_utf8.Flush(), out var released))
        {
            reason = FinishReason.Stop;
            Output.Write(released);
        }
        else
        {
            Output.Write(released);
            Output.Write(_stop.Flush());
        }

        Complete(reason);
    }

    public void Fail(InferenceException failure)
    {
        IsFinished = true;
        Output.Fail(failure);
    }

    public UsageDetails Usage() => new()
    {
        PromptTokens = Prompt.Length,
        CompletionTokens = GeneratedTokens,
        CachedTokens = CachedTokens,
        ImageTokens = Prompt.ImageRowCount,
    };

    private void Complete(FinishReason reason)
    {
        IsFinished = true;
        Times.Ended = _time.GetTimestamp();
        Output.Complete(new GenerationUpdate { FinishReason = reason, Usage = Usage(), Timings = Times.ToTimings(Place, _time) });
    }
}
