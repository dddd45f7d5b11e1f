namespace LlavaServer.Models.Gguf;

/// <summary>
/// A GGUF file is damaged, hostile or not supported. The message is one line that names the key or tensor and the rule that was broken;
/// it never contains a path or text of the file beyond a key or tensor name.
/// </summary>
public sealed class GgufException : Exception
{
    public GgufException(string message)
        : base(message)
    {
    }

    public GgufException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public GgufException()
    {
    }
}
