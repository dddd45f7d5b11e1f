using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Tests.Gguf;

public sealed class GgufWriterTests
{
    [Fact]
    public unsafe void Write_EveryValueKindAndTensors_ReadBackEqual()
    {
        using var folder = new TemporaryFolder();
        var writer = new GgufWriter();
        object[] values =
        [
            (byte)200, (sbyte)-3, (ushort)60_000, (short)-30_000, 4_000_000_000u, -7, 1.5f, true, "text with ä and 😀", ulong.MaxValue, long.MinValue, 2.5,
            new byte[] { 1, 255 }, new sbyte[] { -1 }, new ushort[] { 1, 2 }, new short[] { -5 }, new uint[] { uint.MaxValue }, new[] { int.MinValue, 5 },
            new[] { 1f, float.NaN }, new[] { true, false }, new[] { "", "b" }, new ulong[] { 7 }, new long[] { -7 }, new[] { 0.5 }, Array.Empty<string>(),
        ];
        for (var i = 0; i < values.Length; i++)
        {
            writer.SetValue($"test.{i}", values[i]);
        }

        writer.AddTensor("first", [3], new float[] { 1, 2, 3 });
        writer.AddTensor("second", TensorType.Q4_0, [32, 2], Enumerable.Range(0, 36).Select(i => (byte)i).ToArray());
        writer.Write(folder.File("model.gguf"));

        using var file = GgufFile.Open(folder.File("model.gguf"));

        Assert.Equal(values.Length, file.Metadata.Keys.Count);
        for (var i = 0; i < values.Length; i++)
        {
            var value = file.Metadata.GetValue($"test.{i}");
            Assert.Equal(values[i].GetType(), value.GetType());
            Assert.Equal(values[i], value);
        }

        Assert.Equal(["first", "second"], file.Tensors.Select(tensor => tensor.Name));
        var second = file.GetTensor("second");
        Assert.Equal([32, 2], second.Shape.ToArray());
        Assert.Equal((TensorType.Q4_0, 64L, 36L), (second.Type, second.ElementCount, second.ByteCount));
        Assert.Equal(0, second.Address % 32);
        Assert.Equal(Enumerable.Range(0, 36).Select(i => (byte)i), new ReadOnlySpan<byte>(second.Pointer, 36).ToArray());
        Assert.Equal([1f, 2f, 3f], new ReadOnlySpan<float>(file.GetTensor("first").Pointer, 3).ToArray());
        Assert.Equal(new FileInfo(folder.File("model.gguf")).Length, file.FileBytes);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(8u)]
    [InlineData(64u)]
    [InlineData(4096u)]
    public unsafe void Write_OtherAlignment_TensorsStartThere(uint alignment)
    {
        using var folder = new TemporaryFolder();
        var writer = new GgufWriter { Alignment = alignment };
        writer.AddTensor("a", TensorType.I8, [3], new byte[] { 1, 2, 3 });
        writer.AddTensor("b", TensorType.I8, [2], new byte[] { 4, 5 });
        writer.Write(folder.File("model.gguf"));

        using var file = GgufFile.Open(folder.File("model.gguf"), memoryMap: alignment != 8);

        Assert.Equal(0, (long)file.GetTensor("b").Address % Math.Min(alignment, 64));
        Assert.Equal([4, 5], new ReadOnlySpan<byte>(file.GetTensor("b").Pointer, 2).ToArray());
    }

    [Fact]
    public void Write_CallbackWritesTooLittle_ThrowsAndLeavesNoFile()
    {
        using var folder = new TemporaryFolder();
        var writer = new GgufWriter();
        writer.AddTensor("a", TensorType.F32, [4], new byte[15]);

        Assert.Throws<InvalidOperationException>(() => writer.Write(folder.File("model.gguf")));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void AddTensor_SameNameTwice_Throws()
    {
        var writer = new GgufWriter();
        writer.AddTensor("a", [1], new float[1]);

        Assert.Throws<ArgumentException>(() => writer.AddTensor("a", [1], new float[1]));
    }
}
