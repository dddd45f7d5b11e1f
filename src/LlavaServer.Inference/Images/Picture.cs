namespace LlavaServer.Inference.Images;

/// <summary>
/// A picture of a request that was decoded once and is good. Its file bytes stay; its pixels only while there is room for them, else they are decoded
/// again when the vision tower takes them, so that waiting requests hold a bounded number of pixels. Owned by its request, which disposes it.
/// </summary>
internal sealed class Picture(ReadOnlyMemory<byte> bytes, string path, ContentHash hash, RgbImage? pixels, Action? forgetPixels) : IDisposable
{
    private RgbImage? _pixels = pixels;
    private Action? _forgetPixels = forgetPixels;

    public ReadOnlyMemory<byte> Bytes { get; } = bytes;

    /// <summary>Where the picture stands in the caller's request.</summary>
    public string Path { get; } = path;

    public ContentHash Hash { get; } = hash;

    public RgbImage? Pixels => Volatile.Read(ref _pixels);

    public void Dispose()
    {
        Volatile.Write(ref _pixels, null);
        Interlocked.Exchange(ref _forgetPixels, null)?.Invoke();
    }
}
