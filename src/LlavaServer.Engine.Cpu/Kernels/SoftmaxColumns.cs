using System.Numerics;
using System.Runtime.CompilerServices;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Softmax down the columns of a panel of 32 columns: lanes are columns, so neither maximum nor sum needs a reduction across lanes. The division
/// by the sum is left to the caller, who applies it to the (much smaller) product. Stateless, any thread.
/// </summary>
internal static unsafe class SoftmaxColumns
{
    /// <summary>
    /// Replaces scores, shape (rows, 32), by exp(score - column maximum) and writes 1 / column sum to <paramref name="inverseSums"/>, shape (32).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(float* scores, int rows, float* inverseSums)
    {
        const int Columns = MatMulFloatTile.Columns;
        for (int column = 0; column < Columns; column += Vector<float>.Count)
        {
            float* cell = scores + column;
            var maximum = Vector.Load(cell);
            for (int row = 1; row < rows; row++)
            {
                maximum = Vector.MaxNative(maximum, Vector.Load(cell + (nint)row * Columns));
            }

            var sum = Vector<float>.Zero;
            for (int row = 0; row < rows; row++, cell += Columns)
            {
                var value = Vector.Exp(Vector.Load(cell) - maximum);
                value.Store(cell);
                sum += value;
            }

            (Vector<float>.One / sum).Store(inverseSums + column);
        }
    }

    /// <summary>Scalar twin of <see cref="Apply"/>.</summary>
    public static void ApplyScalar(float* scores, int rows, float* inverseSums)
    {
        const int Columns = MatMulFloatTile.Columns;
        for (int column = 0; column < Columns; column++)
        {
            float maximum = float.NegativeInfinity;
            for (int row = 0; row < rows; row++)
            {
                maximum = Math.Max(maximum, scores[row * Columns + column]);
            }

            double sum = 0;
            for (int row = 0; row < rows; row++)
            {
                float value = MathF.Exp(scores[row * Columns + column] - maximum);
                scores[row * Columns + column] = value;
                sum += value;
            }

            inverseSums[column] = (float)(1 / sum);
        }
    }
}
