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
}
