namespace LlavaServer.Inference.Tools;

/// <summary>A piece of a call on its way out. Immutable.</summary>
/// <param name="Index">Number of the call in the answer, from 0 on.</param>
/// <param name="Id">In the first piece of a call only: <c>call_</c> and 24 letters and digits.</param>
/// <param name="Name">In the first piece of a call only: name of the tool.</param>
/// <param name="Arguments">A piece of JSON text, may be empty; all pieces of a call together are one object.</param>
public sealed record ToolCallDelta(int Index, string? Id, string? Name, string Arguments);
