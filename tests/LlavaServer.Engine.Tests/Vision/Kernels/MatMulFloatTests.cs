using LlavaServer.Engine.Cpu.Kernels;
using LlavaServer.Engine.Cpu.Tensors;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Tests.Vision.Kernels;

public sealed unsafe class MatMulFloatTests
{
    private delegate void Tile(float* a, float* b, int depth, float* c, nint stride, bool accumulate);

    [Theory]
    [InlineData("512")]
    [InlineData("256")]
    [InlineData("128")]
    [InlineData("widest")]
    public void Tile_EveryDepth_EqualsScalarTwin(string width)
    {
        Tile tile = width switch
        {
            "512" => MatMulFloatTile.Multiply512,
            "256" => MatMulFloatTile.Multiply256,
            "128" => MatMulFloatTile.Multiply128,
            _ => MatMulFloatTile.Multiply,
        };
        const int Stride = MatMulFloatTile.Columns + 5;
        for (int depth = 1; depth <= 70; depth++)
        {
            using FloatBuffer a = FloatBuffer.Random(depth * MatMulFloatTile.Rows, 1);
            using FloatBuffer b = FloatBuffer.Random(depth * MatMulFloatTile.Columns, 2);
            foreach (bool accumulate in (ReadOnlySpan<bool>)[false, true])
            {
                using FloatBuffer expected = FloatBuffer.Random(MatMulFloatTile.Rows * Stride, 3);
                using FloatBuffer actual = FloatBuffer.Random(MatMulFloatTile.Rows * Stride, 3);
                MatMulFloatTile.MultiplyScalar(a.Pointer, b.Pointer, depth, expected.Pointer, Stride, accumulate);
                tile(a.Pointer, b.Pointer, depth, actual.Pointer, Stride, accumulate);
                AssertClose(expected.Span, actual.Span, 1e-4f);
            }
        }
    }

    [Theory]
    [InlineData(MatMulFloatTile.Rows)]
    [InlineData(MatMulFloatTile.Columns)]
    public void Pack_EveryShape_EqualsScalarTwinAndClearsTheRest(int groupWidth)
    {
        for (int rows = 0; rows <= groupWidth; rows++)
        {
            for (int depth = 1; depth <= 21; depth++)
            {
                int stride = depth + 3;
                using FloatBuffer source = FloatBuffer.Random(groupWidth * stride, (ulong)(rows * 100 + depth));
                using var expected = new FloatBuffer(depth * groupWidth);
                using var actual = new FloatBuffer(depth * groupWidth);
                expected.Span.Clear();
                MatMulFloatPacking.PackScalar(source.Pointer, stride, rows, depth, expected.Pointer, groupWidth);
                MatMulFloatPacking.Pack(source.Pointer, stride, rows, depth, actual.Pointer, groupWidth);
                Assert.Equal(expected.Span, actual.Span);
            }
        }
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(12, 32, 256)]
    [InlineData(13, 33, 257)]
    [InlineData(40, 31, 600)]
    [InlineData(5, 100, 3)]
    [InlineData(577, 70, 64)]
    [InlineData(100, 300, 513)]
    public void Run_AnyShape_EqualsPlainLoops(int rows, int outputs, int inputs)
    {
        using FloatBuffer activations = FloatBuffer.Random(rows * inputs, 1);
        using FloatBuffer weights = FloatBuffer.Random(outputs * inputs, 2, 1 / MathF.Sqrt(inputs));
        int columns = MatMulFloat.PaddedColumns(outputs);
        using FloatBuffer bias = FloatBuffer.Random(columns, 3);
        foreach (int threads in (ReadOnlySpan<int>)[1, 3, 16])
        {
            using var pool = new WorkerPool(threads);
            using FloatBuffer c = FloatBuffer.Random(MatMulFloat.PaddedRows(rows) * columns, 4);
            float[] before = c.Span.ToArray();
            using FloatBuffer packed = Pack(activations, rows, inputs);
            using var scratch = new FloatBuffer(MatMulFloat.ScratchFloats * threads);
            var job = new MatMulFloatJob
            {
                Activations = packed.Pointer,
                RowGroups = MatMulFloat.RowGroups(rows),
                Depth = inputs,
                WeightCount = 1,
                C = c.Pointer,
                Stride = columns,
                Accumulate = true,
                Activation = VisionActivation.QuickGelu,
            };
            job.Weights[0] = new WeightMatrix((nint)weights.Pointer, TensorType.F32, inputs, outputs);
            job.Biases[0] = (nint)bias.Pointer;
            MatMulFloat.Run(pool, ref job, scratch.Pointer, MatMulFloat.ScratchFloats);

            for (int row = 0; row < rows; row++)
            {
                for (int output = 0; output < outputs; output++)
                {
                    double sum = before[row * columns + output] + bias.Span[output];
                    for (int i = 0; i < inputs; i++)
                    {
                        sum += (double)activations.Span[row * inputs + i] * weights.Span[output * inputs + i];
                    }

                    Assert.Equal(Gelu.Scalar(VisionActivation.QuickGelu, (float)sum), c.Span[row * columns + output], 2e-5f);
                }
            }
        }
    }

    [Fact]
    public void Run_ThreeWeights_LiesSideBySide()
    {
        const int Rows = 9;
        const int Outputs = 40;
        const int Inputs = 50;
        int columns = MatMulFloat.PaddedColumns(Outputs);
        using FloatBuffer activations = FloatBuffer.Random(Rows * Inputs, 1);
        using FloatBuffer packed = Pack(activations, Rows, Inputs);
        using FloatBuffer weights = FloatBuffer.Random(3 * Outputs * Inputs, 2);
        using var c = new FloatBuffer(MatMulFloat.PaddedRows(Rows) * columns * 3);
        using var scratch = new FloatBuffer(MatMulFloat.ScratchFloats * 2);
        using var pool = new WorkerPool(2);
        var job = new MatMulFloatJob
        {
            Activations = packed.Pointer,
            RowGroups = MatMulFloat.RowGroups(Rows),
            Depth = Inputs,
            WeightCount = 3,
            C = c.Pointer,
            Stride = 3 * columns,
        };
        for (int i = 0; i < 3; i++)
        {
            job.Weights[i] = new WeightMatrix((nint)(weights.Pointer + i * Outputs * Inputs), TensorType.F32, Inputs, Outputs);
        }

        MatMulFloat.Run(pool, ref job, scratch.Pointer, MatMulFloat.ScratchFloats);

        for (int index = 0; index < Rows * 3 * Outputs; index++)
        {
            int row = index / (3 * Outputs);
            int weight = index / Outputs % 3;
            int output = index % Outputs;
            double sum = 0;
            for (int i = 0; i < Inputs; i++)
            {
                sum += (double)activations.Span[row * Inputs + i] * weights.Span[(weight * Outputs + output) * Inputs + i];
            }

            Assert.Equal((float)sum, c.Span[row * 3 * columns + weight * columns + output], 1e-4f);
        }
    }

    private static FloatBuffer Pack(FloatBuffer rows, int count, int depth)
    {
        var packed = new FloatBuffer((int)MatMulFloat.PackedFloats(count, depth));
        for (int group = 0; group < MatMulFloat.RowGroups(count); group++)
        {
            int first = group * MatMulFloatTile.Rows;
            int rowsInGroup = Math.Min(MatMulFloatTile.Rows, count - first);
            MatMulFloat.PackGroup(rows.Pointer + first * depth, depth, rowsInGroup, depth, packed.Pointer, MatMulFloat.RowGroups(count), group);
        }

        return packed;
    }

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], tolerance);
        }
    }
}
