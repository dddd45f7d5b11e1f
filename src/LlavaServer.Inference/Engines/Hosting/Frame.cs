namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>A received frame. Its payload is valid until the next one is received.</summary>
internal readonly ref struct Frame(FrameKind kind, uint serial, ReadOnlySpan<byte> payload)
{
    public FrameKind Kind { get; } = kind;

    /// <summary>A reply carries the number of its request.</summary>
    public uint Serial { get; } = serial;

    public ReadOnlySpan<byte> Payload { get; } = payload;
}
