using LlavaServer.Training.Evaluation;

namespace LlavaServer.Training.Tests.Evaluation;

public sealed class ModelCardTests
{
    [Fact]
    public void Fill_CardWithMarks_ReplacesOnlyWhatIsBetween()
    {
        var folder = Directory.CreateTempSubdirectory("card").FullName;
        try
        {
            string card = Path.Combine(folder, "card.md"), table = Path.Combine(folder, "table.md");
            File.WriteAllText(card, "before\n<!-- accuracy -->\nold\n<!-- /accuracy -->\nafter\n");
            File.WriteAllText(table, "| new |\n");

            ModelCard.Fill(card, table);

            Assert.Equal("before\n<!-- accuracy -->\n| new |\n<!-- /accuracy -->\nafter\n", File.ReadAllText(card));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
