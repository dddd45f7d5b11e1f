using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Quantization;

/// <summary>Stores rows of floats in a weight format, whole rows in parallel; rows do not depend on each other, so the bytes do not depend on threads.</summary>
internal static class RowConverter
{
    /// <summary>Elements that are held as floats at a time: 32 MiB.</summary>
    public const int ChunkElements = 8 << 20;

    /// <param name="type">Storage type; rows are a multiple of its block.</param>
    /// <param name="values">Rows one behind the other.</param>
    /// <param name="rowElements">Length of a row.</param>
    /// <param name="rows">Number of rows to convert.</param>
    /// <param name="destination">Receives rows × row bytes.</param>
    public static void Convert(TensorType type, float[] values, int rowElements, int rows, byte[] destination)
    {
        var rowBytes = (int)TensorTypes.RowBytes(type, rowElements);
        var rowsPerPart = Math.Max(1, 65_536 / rowElements);
        Parallel.For(0, (rows + rowsPerPart - 1) / rowsPerPart, part =>
        {
            var first = part * rowsPerPart;
            var count = Math.Min(rowsPerPart, rows - first);
            Quantizer.FromFloat(
                type, values.AsSpan(first * rowElements, count * rowElements), destination.AsSpan(first * rowBytes, count * rowBytes));
        });
    }
}
