namespace LlavaServer.Models.Creation;

/// <summary>A model that could not be created. The message is one line without paths, in Ollama's words where Ollama has some.</summary>
public sealed class CreationException(CreationError error, string message, Exception? inner = null) : Exception(message, inner)
{
    public CreationError Error { get; } = error;
}
