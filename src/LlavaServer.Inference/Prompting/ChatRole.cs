namespace LlavaServer.Inference.Prompting;

/// <summary>Who speaks in a <see cref="ChatMessage"/>.</summary>
public enum ChatRole
{
    System,
    User,
    Assistant,

    /// <summary>The result of a tool that the assistant called.</summary>
    Tool,
}
