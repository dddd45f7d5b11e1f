using LlavaServer.Inference.Embeddings;
using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Scheduling;
using LlavaServer.Inference.Tools;
using LlavaServer.Models.Tokenization;
using Microsoft.Extensions.Options;

namespace LlavaServer.Inference;

/// <summary>
/// Front door of inference: takes a neutral request, reserves a place in its model's queue, checks and decodes its pictures, writes and tokenizes its
/// prompt, and hands it to the scheduler. Every refusal is made before any output. Thread-safe; one for the process.
/// </summary>
public sealed class TextGenerator
{
    private static readonly TimeSpan DrainPoll = TimeSpan.FromMilliseconds(20);

    private readonly ModelCatalog _catalog;
    private readonly ModelPool _pool;
    private readonly ImageDecoder _decoder;
    private readonly InferenceOptions _options;
    private readonly InferenceMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly CallPlanner _calls;
    private readonly RequestPlanner _planner;
    private long _imageBytes;
    private int _active;
    private volatile bool _isDraining;

    public TextGenerator(
        ModelCatalog catalog,
        ModelPool pool,
        ImageDecoder decoder,
        IOptions<InferenceOptions> options,
        InferenceMetrics metrics,
        TimeProvider time,
        GrammarCompiler grammars)
    {
        ArgumentNullException.ThrowIfNull(options);
        _catalog = catalog;
        _pool = pool;
        _decoder = decoder;
        _options = options.Value;
        _metrics = metrics;
        _time = time;
        _calls = new CallPlanner(grammars, _options.Limits);
        _planner = new RequestPlanner(_options, _calls);
    }

    /// <summary>Whether new requests are refused because the server is shutting down.</summary>
    public bool IsDraining => _isDraining;

    /// <summary>Requests that are not finished, in whatever stage.</summary>
    public int ActiveCount => Volatile.Read(ref _active);

    /// <summary>
    /// Starts a generation. Returns when its prompt is in the queue; throws <see cref="InferenceException"/> if it is refused. The bytes of pictures
    /// must not be changed or reused before they are garbage collected: a picture may be shared with other requests.
    /// </summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="cancellationToken">Cancelled when the client leaves, at any time until the generation is disposed.</param>
    public async Task<Generation> StartAsync(GenerationRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var entry = FindModel(request.Model);
        request = entry.Defaults.Complete(request);
        var parts = ImageParts(request);
        CheckImageCount(parts, entry);
        _calls.Check(request);
        var model = _pool.Find(entry);
        CheckChoices(request, model);
        var (imageBytes, bytes) = SizeOf(request, parts);
        var place = Reserve(model, entry, imageBytes, bytes, request);
        var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pictures = new List<Picture>(parts.Count);
        ModelLease? lease = null;
        try
        {
            lease = _pool.Acquire(entry, new ModelDemand { KeepAlive = request.KeepAlive, ContextLength = request.ContextLength });
            var wasLoaded = lease.Loading.IsCompletedSuccessfully;
            var limit = new WaitLimit(place, _options.Queue, model.Queue, _time, leaving.Token);
            try
            {
                if (wasLoaded)
                {
                    RequestPlanner.CheckSize(request, lease.Model, parts.Count);
                }

                await DecodeAsync(entry, parts, pictures, limit.Token).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                limit.Dispose();
                throw Translate(exception, limit, entry, request.Api);
            }

            // With the model in memory all is said and done here; else the reader of the answer is told.
            var preparing = PrepareAsync(request, entry, lease, place, pictures, limit, wasLoaded);
            if (preparing.IsCompleted)
            {
                await preparing.ConfigureAwait(false);
            }

            var held = lease;
            return new Generation(place, lease, preparing, pictures, leaving, () => End(model, held, imageBytes, bytes));
        }
        catch
        {
            pictures.ForEach(p => p.Dispose());
            leaving.Dispose();
            foreach (var one in place.All)
            {
                one.Dispose();
            }

            End(model, lease, imageBytes, bytes);
            throw;
        }
    }

    /// <summary>
    /// What the request's prompt takes in the context, its pictures included; generates nothing and takes no place in the queue. Loads the model if it is not
    /// in memory; throws <see cref="InferenceException"/> for what <see cref="StartAsync"/> refuses, but for a prompt that is too long.
    /// </summary>
    /// <param name="request">What is asked about.</param>
    /// <param name="cancellationToken">Cancelled when the client leaves.</param>
    public async Task<PromptSize> CountAsync(GenerationRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var entry = FindModel(request.Model);
        request = entry.Defaults.Complete(request);
        var parts = ImageParts(request);
        CheckImageCount(parts, entry);
        _calls.Check(request);
        var model = _pool.Find(entry);
        var (imageBytes, bytes) = SizeOf(request, parts);
        Hold(model, entry, imageBytes, bytes);
        var pictures = new List<Picture>(parts.Count);
        ModelLease? lease = null;
        try
        {
            lease = _pool.Acquire(entry, new ModelDemand { KeepAlive = request.KeepAlive, ContextLength = request.ContextLength });
            await DecodeAsync(entry, parts, pictures, cancellationToken).ConfigureAwait(false);
            var loaded = await (request.BoundsLoad ? lease.WaitAsync(_options.Pool.LoadWait, _time, cancellationToken) : lease.Loading.WaitAsync(cancellationToken))
                .ConfigureAwait(false);
            var prompt = RequestPlanner.Count(request, loaded, pictures, cancellationToken);
            return new PromptSize(prompt.Length, prompt.ImageRowCount) { ContextLength = RequestPlanner.ContextOf(request, loaded) };
        }
        finally
        {
            pictures.ForEach(p => p.Dispose());
            End(model, lease, imageBytes, bytes);
        }
    }

    /// <summary>
    /// Refuses new requests from now on and returns when all running and waiting ones are finished, or when the token is cancelled.
    /// </summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        _isDraining = true;
        while (ActiveCount > 0)
        {
            await Task.Delay(DrainPoll, cancellationToken).ConfigureAwait(false);
        }
    }

    internal ModelEntry FindModel(string name)
    {
        var entry = name.Length == 0 ? _catalog.Default(_options.Models.Default) : _catalog.Find(name);
        return entry ?? throw new InferenceException(InferenceError.ModelNotFound, "The model does not exist.") { Parameter = "model" };
    }

    private static List<MessagePart> ImageParts(GenerationRequest request)
    {
        var parts = request.RawPrompt ?? request.WrittenPrompt ?? request.Messages.SelectMany(m => m.Parts);
        return [.. parts.Where(p => p.ImageBytes is not null)];
    }

    private void CheckImageCount(List<MessagePart> parts, ModelEntry entry)
    {
        if (parts.Count > _options.Limits.Images)
        {
            _metrics.ImageRejected(entry.Name, ImageError.TooMany);
            throw ImageErrors.TooMany(parts.Count, _options.Limits.Images);
        }

        if (parts.Count > 0 && !entry.HasVision)
        {
            throw new InferenceException(InferenceError.ImageNotSupported, $"The model '{entry.Name}' does not take pictures.") { Parameter = parts[0].Path };
        }
    }

    private void CheckChoices(GenerationRequest request, PooledModel model)
    {
        var most = Math.Min(_options.Limits.Choices, model.Queue.PlaceCount);
        if (request.Choices < 1 || request.Choices > most)
        {
            throw new InferenceException(
                InferenceError.Unsupported,
                $"The request asks for {request.Choices} answers; 1 to {most} are possible (Limits:Choices, and no more than Engine:Slots and Queue:MaxQueue).")
            {
                Parameter = "n",
            };
        }
    }

    // Bytes of the pictures, and of all that the request keeps in memory.
    private static (long ImageBytes, long Bytes) SizeOf(GenerationRequest request, List<MessagePart> images)
    {
        var texts = request.RawPrompt ?? request.WrittenPrompt ?? request.Messages.SelectMany(static m => m.Parts);
        var imageBytes = images.Sum(static p => (long)p.ImageBytes!.Value.Length);
        var characters = texts.Sum(static p => (long)(p.Text?.Length ?? 0)) + request.Messages.Sum(static m => (long)m.Thinking.Length);
        return (imageBytes, imageBytes + (characters * sizeof(char)));
    }

    // What the request takes is counted until End.
    private void Hold(PooledModel model, ModelEntry entry, long imageBytes, long bytes)
    {
        if (_isDraining)
        {
            _metrics.QueueRejected(entry.Name, "draining");
            throw new InferenceException(InferenceError.ShuttingDown, "The server is shutting down.") { RetryAfter = TimeSpan.FromSeconds(1) };
        }

        if (!model.TryHold(bytes, _options.Queue.Bytes))
        {
            _metrics.QueueRejected(entry.Name, "full");
            throw QueueErrors.BytesFull(_options.Queue.Bytes, model.Queue.RetryAfter);
        }

        if (imageBytes > 0 && Interlocked.Add(ref _imageBytes, imageBytes) > _options.Queue.ImageBytes)
        {
            model.Release(bytes);
            Interlocked.Add(ref _imageBytes, -imageBytes);
            _metrics.QueueRejected(entry.Name, "full");
            throw QueueErrors.PicturesFull(_options.Queue.ImageBytes, model.Queue.RetryAfter);
        }

        Interlocked.Increment(ref _active);
    }

    private QueuePlace Reserve(PooledModel model, ModelEntry entry, long imageBytes, long bytes, GenerationRequest request)
    {
        Hold(model, entry, imageBytes, bytes);
        if (model.Queue.TryReserve(request.Client, request.Choices) is { } place)
        {
            return place;
        }

        End(model, null, imageBytes, bytes);
        _metrics.QueueRejected(entry.Name, "full");
        throw QueueErrors.Full(_options.Queue.MaxQueue, model.Queue.RetryAfter);
    }

    private void End(PooledModel model, ModelLease? lease, long imageBytes, long bytes)
    {
        lease?.Dispose();
        model.Release(bytes);
        Interlocked.Add(ref _imageBytes, -imageBytes);
        Interlocked.Decrement(ref _active);
    }

    private async Task<PreparedSequences> PrepareAsync(
        GenerationRequest request, ModelEntry entry, ModelLease lease, QueuePlace place, List<Picture> pictures, WaitLimit limit, bool wasLoaded)
    {
        using (limit)
        {
            try
            {
                var loaded = await (request.BoundsLoad ? lease.WaitAsync(_options.Pool.LoadWait, _time, limit.Token) : lease.Loading.WaitAsync(limit.Token))
                    .ConfigureAwait(false);
                var loadTime = wasLoaded ? TimeSpan.Zero : _time.GetElapsedTime(place.ReservedAt);
                var all = _planner.Plan(request, loaded, pictures, loadTime, limit.Token);
                var executor = loaded.Choose(all[0].Prompt, all[0].Scope, all.Length);
                var signal = new OutputSignal();
                var sequences = Array.ConvertAll(all, one => new Sequence(one, executor.Queue, place.All[one.Choice], loaded.Tokenizer, _time, signal));
                place.Lost.UnsafeRegister(_ => Lose(entry, sequences), null);
                Array.ForEach(sequences, executor.Enqueue);
                return new PreparedSequences(sequences, executor, new ChoiceReader(sequences, signal));
            }
            catch (Exception exception) when (exception is OperationCanceledException or InferenceException)
            {
                throw Translate(exception, limit, entry, request.Api);
            }
        }
    }

    private Exception Translate(Exception exception, WaitLimit limit, ModelEntry entry, string api)
    {
        if (exception is not OperationCanceledException)
        {
            return exception;
        }

        if (limit.Reason is not { } reason)
        {
            _metrics.Left(entry.Name, api);
            return exception;
        }

        _metrics.QueueRejected(entry.Name, limit.IsLost ? "full" : "timeout");
        return reason;
    }

    private void Lose(ModelEntry entry, Sequence[] sequences)
    {
        _metrics.QueueRejected(entry.Name, "full");
        var refusal = QueueErrors.Full(_options.Queue.MaxQueue, _pool.Find(entry).Queue.RetryAfter);
        foreach (var sequence in sequences)
        {
            sequence.Output.Fail(refusal);
            sequence.Cancel();
        }
    }

    private async Task DecodeAsync(ModelEntry entry, List<MessagePart> parts, List<Picture> pictures, CancellationToken cancellationToken)
    {
        foreach (var part in parts)
        {
            try
            {
                var bytes = part.ImageBytes!.Value;
                _metrics.ImageReceived(bytes.Length);
                pictures.Add(await _decoder.DecodeAsync(bytes, part.Path, cancellationToken).ConfigureAwait(false));
            }
            catch (InferenceException exception) when (exception.ImageError is { } error)
            {
                _metrics.ImageRejected(entry.Name, error);
                throw;
            }
        }
    }
}
