using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;

namespace LlavaServer.Inference.Tests.Fakes;

/// <summary>Four rows a picture whose values are made of its content and size.</summary>
internal sealed class FakeVisionEncoder : IVisionEncoder
{
    public const int Rows = 4;
    public const int Width = 2;
    private int _encodes;
    private int _inside;

    public VisionInfo Info { get; } = new()
    {
        ImageSize = 28,
        PatchSize = 14,
        RowsPerImage = Rows,
        ProjectorType = "mlp",
        Profile = VisionProfile.Reference,
    };

    /// <summary>Called on the vision worker's thread; may block or throw.</summary>
    public Action<CancellationToken> OnEncode { get; set; } = _ => { };

    /// <summary>Called after <see cref="OnEncode"/>; gives way to steps by the turns.</summary>
    public Action<ComputeTurns, CancellationToken> OnWork { get; set; } = (_, _) => { };

    public int Encodes => _encodes;

    /// <summary>The value that stands for a picture in what the engine was fed.</summary>
    public static int ValueOf(RgbImage image)
    {
        var value = (image.Width * 131) + image.Height;
        foreach (var sample in image.Pixels)
        {
            value = ((value * 31) + sample) & 0xFFFFF;
        }

        return value;
    }

    public ImageEmbedding Encode(RgbImage image, ComputeTurns turns, CancellationToken cancellationToken)
    {
        Assert.Equal(1, Interlocked.Increment(ref _inside));
        try
        {
            Interlocked.Increment(ref _encodes);
            OnEncode(cancellationToken);
            OnWork(turns, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            var values = new float[Rows * Width];
            for (var row = 0; row < Rows; row++)
            {
                values[row * Width] = (ValueOf(image) * 4) + row;
            }

            return new ImageEmbedding(values, Rows, Width);
        }
        finally
        {
            Interlocked.Decrement(ref _inside);
        }
    }
}
