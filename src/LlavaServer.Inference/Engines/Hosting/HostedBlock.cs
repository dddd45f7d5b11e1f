namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// The server's side of a shared block of float rows, which grows to the largest batch that needs it: most need few rows of logits, and a model
/// without pictures no image rows. Owned by its <see cref="EngineProcess"/>, used by its thread.
/// </summary>
internal sealed class HostedBlock(BlockUse use, int width) : IDisposable
{
    // Grows by rows of about this many bytes at least, so that it seldom grows.
    private const int SmallestBytes = 1 << 20;
    private SharedBlock? _block;
    private int _rows;

    /// <summary>Makes room for a number of rows, if there is less: sends a new block to the child, whose old one is dropped on both sides.</summary>
    public void Reserve(int rows, EngineLink link, ref uint serial)
    {
        if (rows <= _rows)
        {
            return;
        }

        var enough = Math.Max(rows, Math.Max(_rows * 2, SmallestBytes / (width * sizeof(float))));
        var block = link.Folder.CreateBlock((long)enough * width * sizeof(float));
        try
        {
            link.Steps.Send(FrameKind.Map, ++serial, MapFrame.Write(use, enough, block.Path));
            link.Steps.Receive(FrameKind.Mapped, serial);
            block.Unlink();
        }
        catch
        {
            block.Dispose();
            throw;
        }

        _block?.Dispose();
        _block = block;
        _rows = enough;
    }

    public Span<float> Row(int row) => _block!.Slice<float>((long)row * width * sizeof(float), width);

    public void Dispose() => _block?.Dispose();
}
