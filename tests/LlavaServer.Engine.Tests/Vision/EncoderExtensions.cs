using LlavaServer.Engine.Cpu.Vision;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;

namespace LlavaServer.Engine.Tests.Vision;

/// <summary>Encoding with nobody being answered.</summary>
internal static class EncoderExtensions
{
    public static ImageEmbedding Encode(this CpuVisionEncoder encoder, RgbImage image, CancellationToken cancellationToken) =>
        encoder.Encode(image, new ComputeTurns(TimeProvider.System), cancellationToken);
}
