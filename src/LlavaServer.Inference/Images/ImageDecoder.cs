using Microsoft.Extensions.Options;

namespace LlavaServer.Inference.Images;

/// <summary>
/// Bytes of a caller to pixels, under limits. Order of work: size of the file, signature, size in the header, limits, then the native decoder on a
/// bounded pool with a budget of bytes and time. Thread-safe; one for the process.
/// </summary>
public sealed class ImageDecoder : IDisposable
{
    // Decoded RGBA, RGB result.
    private const long BytesPerPixel = 4 + 3;

    // A progressive JPEG has some ten scans; each costs a pass over all pixels.
    private const int ScansAllowed = 32;
    private const long ScannedPixelsAllowed = 600_000_000;

    private readonly LimitOptions _limits;
    private readonly TimeSpan _decodeTime;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _slots;
    private readonly ByteBudget _inFlight;
    private readonly ByteBudget _kept;

    public ImageDecoder(IOptions<InferenceOptions> options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        var images = options.Value.Images;
        _limits = options.Value.Limits;
        _decodeTime = images.DecodeTime;
        _time = time;
        _slots = new SemaphoreSlim(images.DecodeSlots);
        _inFlight = new ByteBudget(images.DecodeBytes);
        _kept = new ByteBudget(images.DecodeBytes / 4);
    }

    public void Dispose() => _slots.Dispose();

    /// <summary>Bytes of pixels being decoded, and of pixels kept for waiting requests.</summary>
    internal (long InFlight, long Kept) HeldBytes => (_inFlight.Taken, _kept.Taken);

    /// <summary>
    /// Checks and decodes one picture. Throws <see cref="InferenceException"/> with <see cref="InferenceError.InvalidImage"/>.
    /// </summary>
    internal async Task<Picture> DecodeAsync(ReadOnlyMemory<byte> file, string path, CancellationToken cancellationToken)
    {
        var header = Check(file.Span, path);
        var pixels = await DecodePixelsAsync(file, path, header, cancellationToken).ConfigureAwait(false);
        var hash = ContentHash.Of(pixels);
        var bytes = (long)pixels.Pixels.Length;
        return _kept.TryTake(bytes)
            ? new Picture(file, path, hash, pixels, () => _kept.GiveBack(bytes))
            : new Picture(file, path, hash, null, null);
    }

    /// <summary>Pixels of a picture that was found good before. Blocks; called by vision workers.</summary>
    internal RgbImage DecodeAgain(Picture picture, CancellationToken cancellationToken)
    {
        var header = Check(picture.Bytes.Span, picture.Path);
        return DecodePixelsAsync(picture.Bytes, picture.Path, header, cancellationToken).GetAwaiter().GetResult();
    }

    /// <summary>All checks that need no decoding.</summary>
    internal ImageHeader Check(ReadOnlySpan<byte> file, string path)
    {
        if (file.IsEmpty)
        {
            throw ImageErrors.Empty(path);
        }

        if (file.Length > _limits.ImageBytes)
        {
            throw ImageErrors.FileTooLarge(path, file.Length, _limits.ImageBytes);
        }

        if (ImageSignature.Identify(file, out var refused) is not { } format)
        {
            throw ImageErrors.NotSupported(path, refused);
        }

        if (ImageHeader.Read(format, file) is not { } header)
        {
            throw ImageErrors.Damaged(path, format);
        }

        if (header.Width == 0 || header.Height == 0)
        {
            throw ImageErrors.TooSmall(path, header.Width, header.Height);
        }

        if (header.Width > _limits.ImageSide || header.Height > _limits.ImageSide)
        {
            throw ImageErrors.SideTooLong(path, header.Width, header.Height, _limits.ImageSide);
        }

        if (header.Width * header.Height > _limits.ImagePixels)
        {
            throw ImageErrors.TooManyPixels(path, header.Width, header.Height, _limits.ImagePixels);
        }

        if (format == ImageFormat.Jpeg && CountScans(file) is > ScansAllowed and var scans && scans * header.Width * header.Height > ScannedPixelsAllowed)
        {
            throw ImageErrors.TooManyScans(path, scans);
        }

        return header;
    }

    private async Task<RgbImage> DecodePixelsAsync(ReadOnlyMemory<byte> file, string path, ImageHeader header, CancellationToken cancellationToken)
    {
        var bytes = await _inFlight.TakeAsync((header.Width * header.Height * BytesPerPixel) + file.Length, cancellationToken).ConfigureAwait(false);
        try
        {
            await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            _inFlight.GiveBack(bytes);
            throw;
        }

        // Slot and bytes stay taken until the decoder returns, even if nobody waits for it any more.
        var decoding = Task.Run(
            () =>
            {
                try
                {
                    return NativeImageCodec.Decode(file.Span, header);
                }
                finally
                {
                    _slots.Release();
                    _inFlight.GiveBack(bytes);
                }
            },
            CancellationToken.None);
        try
        {
            return await decoding.WaitAsync(_decodeTime, _time, cancellationToken).ConfigureAwait(false) ?? throw ImageErrors.Damaged(path, header.Format);
        }
        catch (TimeoutException)
        {
            throw ImageErrors.TooSlow(path, _decodeTime);
        }
    }

    // In entropy-coded data FF is followed by 00, so every FF DA is the start of a scan or lies in metadata.
    private static int CountScans(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> startOfScan = [0xFF, 0xDA];
        var count = 0;
        while (file.IndexOf(startOfScan) is >= 0 and var index)
        {
            count++;
            file = file[(index + 2)..];
        }

        return count;
    }
}
