using LlavaServer.Engine.LLamaSharp.Native;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.LLamaSharp.Adapter;

/// <summary>
/// Loads models for llama.cpp through LLamaSharp. A failed assertion ends the process, so it belongs into a process of its own. Thread-safe; models are
/// loaded one after the other.
/// </summary>
public sealed class LLamaEngineFactory : IInferenceEngineFactory
{
    private readonly Lock _loading = new();

    public IInferenceEngine Load(ModelFiles files, EngineLoadOptions options, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.SequenceCount, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxBatchRows, nameof(options));
        try
        {
            lock (_loading)
            {
                return Open(files, options, progress, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is not (InferenceException or OperationCanceledException or OutOfMemoryException))
        {
            throw new InferenceException(
                InferenceError.ModelLoadFailed,
                exception switch
                {
                    FileNotFoundException or DirectoryNotFoundException => "model file not found",
                    IOException or UnauthorizedAccessException => "model file cannot be read",
                    _ => exception.Message,
                },
                exception);
        }
    }

    /// <summary>Graphics cards that can be used, and why there are none. Loads the libraries; throws <see cref="DllNotFoundException"/>.</summary>
    public static (IReadOnlyList<Device> Gpus, string? Problem) Look() => (LLamaRuntime.Instance.Gpus, LLamaRuntime.Instance.WhyNoGpu);

    /// <summary>llama.cpp computes with the files as they are mapped.</summary>
    public long EstimateMemory(ModelFiles files, EngineLoadOptions options) => MemoryEstimate.Of(files, options, weightCopies: 0);

    private static LLamaEngine Open(ModelFiles files, EngineLoadOptions options, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var runtime = LLamaRuntime.Instance;
        var file = GgufFile.Open(files.ModelPath);
        try
        {
            var trained = file.Metadata.GetInt32($"{file.Metadata.GetString("general.architecture")}.context_length", MemoryEstimate.DefaultContextLength);
            var context = options.ContextLength == 0 ? Math.Min(trained, MemoryEstimate.DefaultContextLength) : options.ContextLength;
            var models = LLamaModels.Load(runtime, file, files, options, context, progress, cancellationToken);
            try
            {
                return new LLamaEngine(runtime, models, file, files, options, context);
            }
            catch
            {
                models.Dispose();
                throw;
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
