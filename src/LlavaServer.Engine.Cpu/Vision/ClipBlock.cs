namespace LlavaServer.Engine.Cpu.Vision;

/// <summary>Weights of one block of the tower, after legacy names were set right: Up is (feed-forward, width), Down is (width, feed-forward).</summary>
internal sealed class ClipBlock
{
    public required ClipNorm Norm1 { get; init; }

    public required ClipLinear Query { get; init; }

    public required ClipLinear Key { get; init; }

    public required ClipLinear Value { get; init; }

    public required ClipLinear Output { get; init; }

    public required ClipNorm Norm2 { get; init; }

    public required ClipLinear Up { get; init; }

    public required ClipLinear Down { get; init; }
}
