using LLama;
using LLama.Common;
using LLama.Exceptions;
using LLama.Native;
using LlavaServer.Engine.LLamaSharp.Native;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.LLamaSharp.Adapter;

/// <summary>
/// Language model, its context and, for a model that sees, vision tower and projector, all loaded; freed in the order that they need. Owned by the engine.
/// </summary>
internal sealed class LLamaModels : IDisposable
{
    // llama.cpp's own bound (LLAMA_MAX_SEQ).
    private const int MaxSequences = 256;

    private LLamaModels(LLamaWeights weights, LLamaContext context, MtmdWeights? vision, int gpuLayers)
    {
        Weights = weights;
        Context = context;
        Vision = vision;
        GpuLayerCount = gpuLayers;
    }

    public LLamaWeights Weights { get; }

    public LLamaContext Context { get; }

    public MtmdWeights? Vision { get; }

    /// <summary>Layers on the graphics card, the output counted as one.</summary>
    public int GpuLayerCount { get; }

    /// <summary>Loads everything. Throws <see cref="InferenceException"/> with one line that says what is wrong.</summary>
    public static LLamaModels Load(
        LLamaRuntime runtime,
        GgufFile file,
        ModelFiles files,
        EngineLoadOptions options,
        int contextLength,
        IProgress<double>? progress,
        CancellationToken cancellationToken)
    {
        if (options.SequenceCount > MaxSequences)
        {
            throw Failed($"llama.cpp has {MaxSequences} sequences at most, not {options.SequenceCount}: set Engine:Slots and Cache:PrefixSequences lower");
        }

        var positions = options.KVPositions > 0 ? options.KVPositions : checked(contextLength * options.SequenceCount);
        var (cacheType, bytesPerValue) = CacheType.Of(options.KVCacheType);
        var (layers, isOnOne) = GpuLayersOf(runtime, file, files, options, GpuLayers.CacheBytes(file.Metadata, positions, bytesPerValue));
        var threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        var parameters = new ModelParams(files.ModelPath)
        {
            GpuLayerCount = layers,
            MainGpu = options.MainGpu,
            SplitMode = isOnOne ? GPUSplitMode.None : GPUSplitMode.Layer,
            ContextSize = (uint)positions,
            SeqMax = (uint)options.SequenceCount,
            BatchSize = (uint)options.MaxBatchRows,
            UBatchSize = (uint)options.MaxBatchRows,
            Threads = threads,
            BatchThreads = threads,
            FlashAttention = options.FlashAttention,
            TypeK = (GGMLType)cacheType,
            TypeV = (GGMLType)cacheType,
            KVUnified = true,
            SwaFull = true,
            PoolingType = LLamaPoolingType.None,
        };
        var weights = LoadWeights(parameters, progress, cancellationToken);
        try
        {
            RefuseWhatTheSeamCannotCarry(runtime, weights, file);
            var context = CreateContext(weights, parameters);
            try
            {
                ApplyAdapters(weights, context, files.AdapterPaths);
                return new LLamaModels(weights, context, LoadVision(runtime, weights, files, threads, layers), layers);
            }
            catch
            {
                context.Dispose();
                throw;
            }
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Context.Dispose();
        Vision?.Dispose();
        Weights.Dispose();
    }

    /// <summary>Layers on graphics cards, and whether one card takes all of them.</summary>
    private static (int Layers, bool IsOnOne) GpuLayersOf(LLamaRuntime runtime, GgufFile file, ModelFiles files, EngineLoadOptions options, long cacheBytes)
    {
        var gpus = runtime.Gpus;
        if (gpus.Count == 0)
        {
            return options.GpuLayers <= 0
                ? (0, false)
                : throw Failed($"Engine:GpuLayers asks for {options.GpuLayers} layers on a graphics card, but {runtime.WhyNoGpu}");
        }

        if (options.MainGpu >= gpus.Count)
        {
            throw Failed($"Engine:MainGpu is {options.MainGpu}; there are {string.Join(", ", gpus.Select(static (gpu, i) => $"{i}: {gpu.Description}"))}");
        }

        var blocks = Math.Max(1, file.Metadata.GetInt32($"{file.Metadata.GetString("general.architecture")}.block_count", 1));
        var besideBytes = files.AdapterPaths.Append(files.MmprojPath).OfType<string>().Sum(static path => new FileInfo(path).Length);
        int Fitting(long freeBytes) => GpuLayers.Fitting(freeBytes, file.FileBytes, blocks, cacheBytes, besideBytes);
        var onMain = Fitting(gpus[options.MainGpu].FreeBytes);
        var wanted = options.GpuLayers >= 0 ? options.GpuLayers : Fitting(gpus.Sum(static gpu => gpu.FreeBytes));
        return (wanted, gpus.Count == 1 || onMain > blocks);
    }

    private static LLamaWeights LoadWeights(ModelParams parameters, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        _ = NativeLog.TakeError();
        try
        {
            var report = progress is null ? null : new Forwarded(progress);
            return LLamaWeights.LoadFromFileAsync(parameters, cancellationToken, report).GetAwaiter().GetResult();
        }
        catch (LoadWeightsFailedException exception)
        {
            throw Failed(Reason("llama.cpp cannot load the model"), exception);
        }
    }

    // Nothing reports that a context could not be made; using it would end the process.
    private static LLamaContext CreateContext(LLamaWeights weights, ModelParams parameters)
    {
        var context = weights.CreateContext(parameters);
        if (!context.NativeHandle.IsInvalid)
        {
            return context;
        }

        context.Dispose();
        throw Failed(Reason($"no context of {parameters.ContextSize} positions; is there memory for its keys and values?"));
    }

    // Nothing reports that an adapter could not be read; using it would end the process.
    private static void ApplyAdapters(LLamaWeights weights, LLamaContext context, IReadOnlyList<string> paths)
    {
        var adapters = new (LoraAdapter Adapter, float Scale)[paths.Count];
        for (var i = 0; i < adapters.Length; i++)
        {
            _ = NativeLog.TakeError();
            adapters[i] = (weights.NativeHandle.LoadLoraFromFile(paths[i]), 1);
            if (NativeLog.TakeError() is { Length: > 0 } line)
            {
                throw Failed($"adapter: {line}");
            }
        }

        if (adapters.Length > 0)
        {
            context.NativeHandle.SetLoraAdapters(adapters);
        }
    }

    private static MtmdWeights? LoadVision(LLamaRuntime runtime, LLamaWeights weights, ModelFiles files, int threads, int gpuLayers)
    {
        if (files.MmprojPath is not { } path)
        {
            return null;
        }

        var parameters = MtmdContextParams.Default();
        parameters.UseGpu = gpuLayers > 0;
        parameters.NThreads = threads;
        parameters.PrintTimings = false;
        parameters.Warmup = gpuLayers > 0;
        parameters.MediaMarker = LLamaVisionEncoder.Marker;
        MtmdWeights vision;
        try
        {
            vision = MtmdWeights.LoadFromFile(path, weights, parameters);
        }
        catch (LoadWeightsFailedException exception)
        {
            throw Failed(Reason("llama.cpp cannot load the vision file"), exception);
        }

        var why = !vision.SupportsVision ? "the vision file has no encoder for pictures"
            : vision.UsesMRope ? "its pictures have positions of several dimensions (M-RoPE), which this server cannot schedule"
            : runtime.Functions.IsNonCausal(vision.NativeHandle.DangerousGetHandle()) ? "the rows of its pictures look at each other in both directions, which this server cannot schedule"
            : null;
        if (why is null)
        {
            return vision;
        }

        vision.Dispose();
        throw Failed($"{NameOf(path)}: {why}");
    }

    private static void RefuseWhatTheSeamCannotCarry(LLamaRuntime runtime, LLamaWeights weights, GgufFile file)
    {
        var model = weights.NativeHandle.DangerousGetHandle();
        var functions = runtime.Functions;
        var why = functions.IsRecurrent(model) ? "keeps a state that positions cannot be taken out of (recurrent or hybrid)"
            : functions.HasEncoder(model) ? "has an encoder in front of its decoder"
            : functions.HasMRope(model) ? "has positions of several dimensions (M-RoPE)"
            : functions.InputWidth(model) != weights.EmbeddingSize ? "takes rows that are wider than its embeddings"
            : null;
        if (why is not null)
        {
            throw Failed($"the architecture {file.Metadata.GetString("general.architecture")} {why}, which this server cannot schedule");
        }
    }

    private static string NameOf(string path)
    {
        using var file = GgufFile.Open(path);
        return file.Metadata.TryGetString("clip.projector_type", out var type) ? $"the projector type {type}" : "the vision file";
    }

    private static string Reason(string otherwise) => NativeLog.TakeError() is { Length: > 0 } line ? line : otherwise;

    private static InferenceException Failed(string message, Exception? inner = null) => new(InferenceError.ModelLoadFailed, message, inner!);

    private sealed class Forwarded(IProgress<double> target) : IProgress<float>
    {
        public void Report(float value) => target.Report(value);
    }
}
