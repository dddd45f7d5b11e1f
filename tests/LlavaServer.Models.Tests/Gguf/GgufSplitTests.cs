using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Tests.Gguf;

public sealed class GgufSplitTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public unsafe void Open_SplitModel_AllPartsAsOne(bool memoryMap)
    {
        using var folder = new TemporaryFolder();
        WriteParts(folder);

        using var file = GgufFile.Open(Part(folder, 1), memoryMap);

        Assert.Equal(["t0", "t1", "t2"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([0f, 1f, 2f], file.Tensors.Select(tensor => *(float*)tensor.Pointer));
        Assert.Equal(Enumerable.Range(1, 3).Sum(part => new FileInfo(Part(folder, part)).Length), file.FileBytes);
    }

    [Fact]
    public void GGUF13_MissingPart_Refused()
    {
        using var folder = new TemporaryFolder();
        WriteParts(folder);
        File.Delete(Part(folder, 2));

        AssertRefused(Part(folder, 1), "part 2 of 3 is missing");
    }

    [Fact]
    public void GGUF13_SwappedOrForeignPart_Refused()
    {
        using var folder = new TemporaryFolder();
        WriteParts(folder);
        File.Copy(Part(folder, 3), Part(folder, 2), overwrite: true);
        AssertRefused(Part(folder, 1), "part 2 of 3");

        WriteParts(folder);
        WritePart(Part(folder, 3), 2, 3, "t2", total: 9);
        AssertRefused(Part(folder, 1), "belongs to another model");

        WriteParts(folder);
        WritePart(Part(folder, 3), 2, 3, "t0");
        AssertRefused(Part(folder, 1), "occurs in two parts");
    }

    [Fact]
    public void GGUF13_OtherPartOrOtherName_Refused()
    {
        using var folder = new TemporaryFolder();
        WriteParts(folder);
        AssertRefused(Part(folder, 2), "not the first part");

        File.Copy(Part(folder, 1), folder.File("renamed.gguf"));
        AssertRefused(folder.File("renamed.gguf"), "file name");
    }

    [Fact]
    public unsafe void GGUF10_FileShortenedWhileOpen_CopyInMemoryStaysWhole()
    {
        using var folder = new TemporaryFolder();
        WritePart(folder.File("m.gguf"), 0, 0, "t5");
        using var file = GgufFile.Open(folder.File("m.gguf"), memoryMap: false);

        File.WriteAllBytes(folder.File("m.gguf"), []);

        Assert.Equal(5f, *(float*)file.GetTensor("t5").Pointer);
    }

    private static void AssertRefused(string path, string reason) =>
        Assert.Contains(reason, Assert.Throws<GgufException>(() => GgufFile.Open(path)).Message, StringComparison.Ordinal);

    private static string Part(TemporaryFolder folder, int part) => folder.File($"model-{part:D5}-of-00003.gguf");

    private static void WriteParts(TemporaryFolder folder)
    {
        for (var part = 0; part < 3; part++)
        {
            WritePart(Part(folder, part + 1), part, 3, $"t{part}");
        }
    }

    private static void WritePart(string path, int number, int count, string tensor, int total = 3)
    {
        var writer = new GgufWriter();
        if (count > 0)
        {
            writer.AddUInt16("split.no", (ushort)number);
            writer.AddUInt16("split.count", (ushort)count);
            writer.AddInt32("split.tensors.count", total);
        }

        writer.AddTensor(tensor, [1], new float[] { tensor[1] - '0' });
        writer.Write(path);
    }
}
