namespace LlavaServer.Inference.Engines;

/// <summary>The files of one model: the language model and, for a model that sees, vision tower and projector.</summary>
public sealed record ModelFiles(string ModelPath, string? MmprojPath)
{
    /// <summary>GGUF files with adapters (LoRA) of the language model; all of them are applied.</summary>
    public IReadOnlyList<string> AdapterPaths { get; init; } = [];
}
