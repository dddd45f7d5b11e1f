using LlavaServer.Engine.Cpu.Language;
using LlavaServer.Engine.Cpu.Tensors;
using LlavaServer.Engine.Cpu.Vision;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Cpu;

/// <summary>Loads models for the managed engine. Stateless and thread-safe.</summary>
public sealed class CpuEngineFactory : IInferenceEngineFactory
{
    // A context that nobody asked for: enough for LLaVA-1.5 as trained, and bounded for models that were trained on very long ones.
    private const int DefaultContextLength = 4096;

    public IInferenceEngine Load(ModelFiles files, EngineLoadOptions options, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.SequenceCount, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxBatchRows, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.ContextLength, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.KVPositions, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads, nameof(options));
        var owned = new Stack<IDisposable>();
        try
        {
            return Load(files, options, progress, owned, cancellationToken);
        }
        catch (Exception exception)
        {
            while (owned.TryPop(out IDisposable? resource))
            {
                resource.Dispose();
            }

            throw exception switch
            {
                GgufException => new InferenceException(InferenceError.ModelLoadFailed, exception.Message, exception),
                OutOfMemoryException or OverflowException => new InferenceException(
                    InferenceError.ModelLoadFailed, "not enough memory for the model's weights and KV cache", exception),
                FileNotFoundException or DirectoryNotFoundException => new InferenceException(
                    InferenceError.ModelLoadFailed, "model file not found", exception),
                IOException or UnauthorizedAccessException => new InferenceException(
                    InferenceError.ModelLoadFailed, "model file cannot be read", exception),
                _ => exception,
            };
        }
    }

    private static CpuEngine Load(
        ModelFiles files, EngineLoadOptions options, IProgress<double>? progress, Stack<IDisposable> owned, CancellationToken cancellationToken)
    {
        T Own<T>(T resource)
            where T : IDisposable
        {
            owned.Push(resource);
            return resource;
        }

        cancellationToken.ThrowIfCancellationRequested();
        int threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        GgufFile modelFile = Own(GgufFile.Open(files.ModelPath));
        LlamaConfig config = LlamaConfig.Read(modelFile.Metadata);
        GgufFile? mmprojFile = null;
        CpuVisionEncoder? vision = null;
        if (files.MmprojPath is { } path)
        {
            mmprojFile = Own(GgufFile.Open(path));
            vision = Own(CpuVisionEncoder.Load(mmprojFile, options.VisionProfile, threads, config.EmbeddingWidth));
        }

        cancellationToken.ThrowIfCancellationRequested();
        WorkerPool workers = Own(new WorkerPool(threads));
        LlamaWeights weights = Own(LoadWeights(modelFile, files.AdapterPaths, config, workers, options.Turns, progress, cancellationToken));
        int contextLength = options.ContextLength == 0 ? Math.Min(config.ContextLength, DefaultContextLength) : options.ContextLength;
        KVCache cache = Own(new KVCache(options.SequenceCount, contextLength, options.KVPositions, config));
        return new CpuEngine(modelFile, mmprojFile, vision, config, weights, cache, workers, options.MaxBatchRows, options.Turns);
    }

    private static LlamaWeights LoadWeights(
        GgufFile file,
        IReadOnlyList<string> adapterPaths,
        LlamaConfig config,
        WorkerPool workers,
        ComputeTurns? turns,
        IProgress<double>? progress,
        CancellationToken cancellationToken)
    {
        using PacedWork work = workers.Pace(turns, cancellationToken);
        var adapters = new List<LoraFile>();
        try
        {
            foreach (string path in adapterPaths)
            {
                adapters.Add(LoraFile.Open(path, config.Architecture));
            }

            return LlamaWeights.Load(file, adapters, config, workers, progress, cancellationToken);
        }
        finally
        {
            adapters.ForEach(static adapter => adapter.Dispose());
        }
    }
}
