namespace LlavaServer.Models.Creation;

/// <summary>A Go template that writes what a model file's own chat template writes. Immutable.</summary>
/// <param name="Name">What Ollama calls it.</param>
/// <param name="Template">Its text.</param>
/// <param name="Stops">Texts that end its answers.</param>
public sealed record DetectedTemplate(string Name, string Template, IReadOnlyList<string> Stops);
