namespace LlavaServer.Inference.Engines;

/// <summary>Loads each model where its options say: in this process, or in one of its own. Thread-safe.</summary>
/// <param name="inServer">Loads in this process.</param>
/// <param name="inChild">Made when the first model asks for a process.</param>
public sealed class PlacedEngineFactory(IInferenceEngineFactory inServer, Func<IInferenceEngineFactory> inChild) : IInferenceEngineFactory
{
    private readonly Lazy<IInferenceEngineFactory> _inChild = new(inChild);

    public IInferenceEngine Load(ModelFiles files, EngineLoadOptions options, IProgress<double>? progress, CancellationToken cancellationToken) =>
        For(options).Load(files, options, progress, cancellationToken);

    public long EstimateMemory(ModelFiles files, EngineLoadOptions options) => For(options).EstimateMemory(files, options);

    private IInferenceEngineFactory For(EngineLoadOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.InOwnProcess ? _inChild.Value : inServer;
    }
}
