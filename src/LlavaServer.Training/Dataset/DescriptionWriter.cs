using LlavaServer.Training.Drawing;
using static LlavaServer.Training.Dataset.QuestionWriter;
using static LlavaServer.Training.Dataset.Wording;

namespace LlavaServer.Training.Dataset;

/// <summary>Descriptions in reading order: what is there, or everything that is known about each item.</summary>
public static class DescriptionWriter
{
    public static Turn? Brief(Scene scene, Random random)
    {
        if (scene.Items.Count > 1 && !scene.HasClearPositions)
        {
            return null;
        }

        var picture = Picture(random);
        return new Turn(
            Family.Description,
            Pick(random, "What do you see?", $"What is in the {picture}?", $"What is in this {picture}?", $"What does the {picture} show?", $"Describe the {picture} briefly.", $"What can you see in the {picture}?", $"Name what is in the {picture}."),
            BriefText(scene));
    }

    public static Turn? Detailed(Scene scene, Random random)
    {
        if (!scene.HasClearPositions)
        {
            return null;
        }

        var picture = Picture(random);
        return new Turn(
            Family.Detail,
            Pick(random, $"Describe the {picture}.", $"Describe the {picture} in detail.", $"Describe this {picture}.", $"Please describe the {picture}.", $"Give a detailed description of the {picture}.", $"Tell me everything about the {picture}.", $"Can you describe the {picture}?"),
            DetailedText(scene));
    }

    public static string BriefText(Scene scene) => $"I see {List([.. scene.Items.Select(Phrase)])}.";

    public static string DetailedText(Scene scene)
    {
        var sentences = new List<string>();
        var shapes = scene.Shapes.Count();
        if (shapes > 0)
        {
            sentences.Add(ThereAre(shapes, "shape", "shapes"));
        }

        foreach (var item in scene.Items)
        {
            sentences.Add(item.IsText
                ? $"{Capital(Written(item))} is written in {Name(item.Color)} {Place(item)}."
                : $"A {(item.Large ? "large" : "small")} {(item.Outlined ? "outlined " : string.Empty)}{Name(item.Color)} {Name(item.Shape)} is {Place(item)}.");
        }

        return string.Join(' ', sentences);
    }
}
