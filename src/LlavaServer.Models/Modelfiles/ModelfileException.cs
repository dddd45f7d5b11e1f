namespace LlavaServer.Models.Modelfiles;

/// <summary>A Modelfile that breaks a rule of its language. The message is one line, in Ollama's words where Ollama has some.</summary>
public sealed class ModelfileException(string message) : Exception(message);
