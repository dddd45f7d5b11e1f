using LlavaServer.Engine.LLamaSharp;
using LlavaServer.Inference.Engines;

namespace LlavaServer.Engine.Tests.LLamaSharp;

public sealed class StepPartsTests
{
    private static readonly ImageEmbedding s_image = new(new float[4], 4, 1);

    [Theory]
    [InlineData("a0 a0 b0", "0 0 0")]
    [InlineData("ai ai b0", "1 1 0")]
    [InlineData("a0 ai a0 b0 bi", "0 1 2 0 1")]
    [InlineData("bi a0 b0 ai bi", "1 0 2 1 3")]
    public void Split_TokensAndPictures_ApartAndInOrder(string rows, string parts)
    {
        var batch = new Batch(8);
        foreach (var row in rows.Split(' '))
        {
            var sequence = new SequenceId(row[0] - 'a');
            _ = row[1] == 'i' ? batch.AddImageRow(sequence, 0, s_image, 0, false) : batch.AddToken(sequence, 0, 1, false);
        }

        var split = new StepParts(8, 2);
        split.Split(batch.Rows);
        var expected = parts.Split(' ').Select(int.Parse).ToArray();
        Assert.Equal(expected, Enumerable.Range(0, batch.Count).Select(row => split[row]));
        Assert.Equal(expected.Max() + 1, split.Count);
        Assert.All(Enumerable.Range(0, batch.Count), row => Assert.Equal(batch.Rows[row].Image is not null, StepParts.IsOfImages(split[row])));
    }

    [Fact]
    public void Split_AllocatesNothing()
    {
        var batch = new Batch(64);
        for (var row = 0; row < 64; row++)
        {
            batch.AddToken(new SequenceId(row % 4), row / 4, 1, false);
        }

        var split = new StepParts(64, 4);
        split.Split(batch.Rows);
        var before = GC.GetAllocatedBytesForCurrentThread();
        split.Split(batch.Rows);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
