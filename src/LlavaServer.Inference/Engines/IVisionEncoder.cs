using LlavaServer.Inference.Images;

namespace LlavaServer.Inference.Engines;

/// <summary>
/// Vision tower and projector of a loaded model. Has its own state, so <see cref="Encode"/> may run beside a step; calls among themselves are made
/// one at a time.
/// </summary>
public interface IVisionEncoder
{
    VisionInfo Info { get; }

    /// <summary>Preprocesses and encodes a picture. Looks at <paramref name="cancellationToken"/> at least once per block of the tower.</summary>
    ImageEmbedding Encode(RgbImage image, CancellationToken cancellationToken);
}
