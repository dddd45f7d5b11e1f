namespace LlavaServer.Inference.Prompting;

/// <summary>One message as a template needs it: its texts joined by newlines, and the numbers of its pictures in the request.</summary>
internal sealed record Turn(ChatRole Role, string Text, IReadOnlyList<int> Images);
