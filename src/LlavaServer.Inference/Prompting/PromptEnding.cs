namespace LlavaServer.Inference.Prompting;

/// <summary>How a prompt ends behind the messages of its conversation.</summary>
public enum PromptEnding
{
    /// <summary>A last message of the assistant is continued; behind any other the answer begins.</summary>
    Continued,

    /// <summary>Every message is closed, then the answer begins.</summary>
    Answer,

    /// <summary>Every message is closed, and nothing follows.</summary>
    Closed,
}
