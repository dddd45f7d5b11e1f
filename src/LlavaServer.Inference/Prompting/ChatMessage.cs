namespace LlavaServer.Inference.Prompting;

/// <summary>One message of a conversation, neutral between the HTTP dialects. Immutable.</summary>
public sealed record ChatMessage(ChatRole Role, IReadOnlyList<MessagePart> Parts);
