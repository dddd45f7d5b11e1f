using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.TestModels;

/// <summary>
/// A quarter of a million Gaussian weights, stored once in a weight format; a tensor is filled with blocks drawn from it. So a file of gigabytes has
/// weights as real ones are distributed, and is written at the speed of the disk.
/// </summary>
internal sealed class WeightPool
{
    private const int PoolElements = 1 << 18;
    private const int FloatChunk = 64;
    private readonly byte[] bytes;
    private readonly int chunkElements;
    private readonly int chunkBytes;

    public WeightPool(TensorType type, float mean, float deviation, ulong seed)
    {
        var random = new RandomSource(seed);
        var values = new float[PoolElements];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = mean + deviation * random.NextGaussian();
        }

        bytes = new byte[TensorTypes.RowBytes(type, values.Length)];
        Quantizer.FromFloat(type, values, bytes);
        chunkElements = Math.Max(FloatChunk, TensorTypes.BlockElements(type));
        chunkBytes = (int)TensorTypes.RowBytes(type, chunkElements);
    }

    /// <summary>Writes a whole tensor; elements that do not fill a chunk take the beginning of one.</summary>
    public void Write(Stream stream, long tensorBytes, RandomSource random)
    {
        var chunks = bytes.Length / chunkBytes;
        var buffer = new byte[(1 << 20) / chunkBytes * chunkBytes];
        while (tensorBytes > 0)
        {
            var count = (int)Math.Min(buffer.Length, tensorBytes);
            for (var position = 0; position < count; position += chunkBytes)
            {
                var length = Math.Min(chunkBytes, count - position);
                bytes.AsSpan(random.Next(chunks) * chunkBytes, length).CopyTo(buffer.AsSpan(position));
            }

            stream.Write(buffer, 0, count);
            tensorBytes -= count;
        }
    }
}
