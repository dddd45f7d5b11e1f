using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Quantization;

namespace LlavaServer.Engine.Cpu.Language;

/// <summary>The two matrices of an adapter that change one tensor. Valid while its <see cref="LoraFile"/> is open.</summary>
/// <param name="Down">Shape (rank, width); of the token embedding (vocabulary, rank).</param>
/// <param name="Up">Shape (rows, rank); of the token embedding (width, rank).</param>
/// <param name="Alpha">Numerator of the scale, whose denominator is the rank; 0 is a scale of 1.</param>
internal sealed record LoraPair(GgufTensor Down, GgufTensor Up, float Alpha)
{
    public int Rank => (int)Extent(Up, 0);

    private float Scale => Alpha == 0 ? 1 : Alpha / Rank;

    /// <summary>What the adapters of a matrix add to its products, of several one behind the other.</summary>
    /// <exception cref="GgufException">A shape does not fit; the message names the tensor.</exception>
    public static unsafe LowRankUpdate ForProducts(IReadOnlyList<LoraPair> pairs, int width, int rows)
    {
        foreach (LoraPair pair in pairs)
        {
            Check(pair.Down, width, pair.Rank);
            Check(pair.Up, pair.Rank, rows);
        }

        var update = new LowRankUpdate(pairs.Sum(static pair => pair.Rank), width, rows);
        int rank = 0;
        foreach (LoraPair pair in pairs)
        {
            ToFloat(pair.Down, update.Down + ((long)rank * width));
            pair.CopyUp(update, rank, rows);
            rank += pair.Rank;
        }

        return update;
    }

    /// <summary>The same for the token embedding, whose input is one token: its row of <see cref="LowRankUpdate.Down"/>, shape (vocabulary, rank), is the values in between.</summary>
    /// <exception cref="GgufException">A shape does not fit; the message names the tensor.</exception>
    public static unsafe LowRankUpdate ForTokens(IReadOnlyList<LoraPair> pairs, int vocabulary, int width)
    {
        foreach (LoraPair pair in pairs)
        {
            Check(pair.Down, pair.Rank, vocabulary);
            Check(pair.Up, pair.Rank, width);
        }

        int ranks = pairs.Sum(static pair => pair.Rank);
        var update = new LowRankUpdate(ranks, vocabulary, width);
        int rank = 0;
        foreach (LoraPair pair in pairs)
        {
            var table = new float[(long)vocabulary * pair.Rank];
            fixed (float* values = table)
            {
                ToFloat(pair.Down, values);
            }

            for (int token = 0; token < vocabulary; token++)
            {
                table.AsSpan(token * pair.Rank, pair.Rank).CopyTo(new Span<float>(update.Down + ((long)token * ranks) + rank, pair.Rank));
            }

            pair.CopyUp(update, rank, width);
            rank += pair.Rank;
        }

        return update;
    }

    private unsafe void CopyUp(LowRankUpdate update, int first, int rows)
    {
        var values = new float[(long)rows * Rank];
        fixed (float* pointer = values)
        {
            ToFloat(Up, pointer);
        }

        for (int row = 0; row < rows; row++)
        {
            for (int i = 0; i < Rank; i++)
            {
                update.Up[((long)(first + i) * rows) + row] = values[((long)row * Rank) + i] * Scale;
            }
        }
    }

    private static unsafe void ToFloat(GgufTensor tensor, float* destination) =>
        Dequantizer.ToFloat(tensor.Type, tensor.Address, new Span<float>(destination, checked((int)tensor.ElementCount)));

    private static void Check(GgufTensor tensor, long width, long rows)
    {
        if (Extent(tensor, 0) != width || Extent(tensor, 1) != rows || tensor.ElementCount != width * rows)
        {
            throw new GgufException(
                $"adapter: tensor '{tensor.Name}': shape [{string.Join(", ", tensor.Shape.ToArray())}], expected [{width}, {rows}]; is it an adapter of another model?");
        }
    }

    private static long Extent(GgufTensor tensor, int dimension) => dimension < tensor.DimensionCount ? tensor.Shape[dimension] : 1;
}
