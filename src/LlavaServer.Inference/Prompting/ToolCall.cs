namespace LlavaServer.Inference.Prompting;

/// <summary>A call of a tool in a message of the assistant. Immutable.</summary>
/// <param name="Id">What the answer refers to; may be empty.</param>
/// <param name="Name">Name of the tool.</param>
/// <param name="Arguments">A JSON object as text, as the model wrote it.</param>
public sealed record ToolCall(string Id, string Name, string Arguments);
