using LlavaServer.Inference.Images;

namespace LlavaServer.Inference.Engines;

/// <summary>
/// Vision tower and projector of a loaded model. Has its own state, so <see cref="Encode"/> may run beside a step; calls among themselves are made
/// one at a time.
/// </summary>
public interface IVisionEncoder
{
    VisionInfo Info { get; }

    /// <summary>Preprocesses and encodes a picture.</summary>
    /// <param name="image">Pixels after orientation.</param>
    /// <param name="turns">Every thread of the encoding gives way to steps by it, at least every few milliseconds.</param>
    /// <param name="cancellationToken">Looked at at least once per block of the tower.</param>
    ImageEmbedding Encode(RgbImage image, ComputeTurns turns, CancellationToken cancellationToken);
}
