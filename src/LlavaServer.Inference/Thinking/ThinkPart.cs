namespace LlavaServer.Inference.Thinking;

/// <summary>What a piece of an answer's text is part of.</summary>
internal enum ThinkPart
{
    /// <summary>A marker, or white space beside one.</summary>
    Marker,

    Thinking,
    Answer,
}
