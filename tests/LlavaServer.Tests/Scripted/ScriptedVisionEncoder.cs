using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;

namespace LlavaServer.Tests.Scripted;

/// <summary>Four rows a picture whose values tell its width and height.</summary>
internal sealed class ScriptedVisionEncoder : IVisionEncoder
{
    public const int Rows = 4;
    public const int Width = 2;
    private int _encodes;

    public VisionInfo Info { get; } = new()
    {
        ImageSize = 28,
        PatchSize = 14,
        RowsPerImage = Rows,
        ProjectorType = "mlp",
        Profile = VisionProfile.Reference,
    };

    public int Encodes => _encodes;

    /// <summary>Called before each picture, with what ends its encoding; may block or throw.</summary>
    public Action<CancellationToken> OnEncode { get; set; } = static _ => { };

    /// <summary>Called with each picture that is encoded.</summary>
    public Action<RgbImage> OnPicture { get; set; } = static _ => { };

    public ImageEmbedding Encode(RgbImage image, ComputeTurns turns, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Interlocked.Increment(ref _encodes);
        OnPicture(image);
        OnEncode(cancellationToken);
        var values = new float[Rows * Width];
        for (var row = 0; row < Rows; row++)
        {
            values[row * Width] = image.Width;
            values[(row * Width) + 1] = image.Height;
        }

        return new ImageEmbedding(values, Rows, Width);
    }
}
