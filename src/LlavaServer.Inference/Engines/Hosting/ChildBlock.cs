namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>The child's side of a <see cref="HostedBlock"/>: float rows of one width, mapped when the server says so.</summary>
internal sealed class ChildBlock(int width) : IDisposable
{
    private SharedBlock? _block;

    /// <summary>Number of rows.</summary>
    public int Count { get; private set; }

    public void Map(string path, int rows)
    {
        var block = SharedBlock.Open(path, (long)rows * width * sizeof(float));
        _block?.Dispose();
        _block = block;
        Count = rows;
    }

    public Span<float> Row(int row) => _block!.Slice<float>((long)row * width * sizeof(float), width);

    /// <summary>The first rows together.</summary>
    public ReadOnlySpan<float> Rows(int count) => _block!.Slice<float>(0, checked(count * width));

    public void Dispose() => _block?.Dispose();
}
