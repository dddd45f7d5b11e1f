namespace LlavaServer.Inference.Engines;

/// <summary>Loads models for one kind of engine. Thread-safe.</summary>
public interface IInferenceEngineFactory
{
    /// <summary>
    /// Loads a model. Throws <see cref="InferenceException"/> with <see cref="InferenceError.ModelLoadFailed"/> and one line that names what is wrong
    /// with the file (key, tensor, type, architecture).
    /// </summary>
    /// <param name="files">Paths of the model's files.</param>
    /// <param name="options">Sizes and profile.</param>
    /// <param name="progress">Receives 0 to 1.</param>
    /// <param name="cancellationToken">Stops loading.</param>
    IInferenceEngine Load(ModelFiles files, EngineLoadOptions options, IProgress<double>? progress, CancellationToken cancellationToken);

    /// <summary>
    /// Bytes that the model will take when it is loaded so: weights as files and as the engine rearranges them, keys and values, buffers for the
    /// largest step and picture. Reads only headers.
    /// Throws <see cref="Models.Gguf.GgufException"/> and <see cref="IOException"/> for files that cannot be read.
    /// </summary>
    long EstimateMemory(ModelFiles files, EngineLoadOptions options) => MemoryEstimate.Of(files, options, weightCopies: 1);
}
