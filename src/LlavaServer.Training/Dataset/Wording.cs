using LlavaServer.Training.Drawing;

namespace LlavaServer.Training.Dataset;

/// <summary>Words for items, places and numbers; every sentence of questions and answers is put together from these.</summary>
public static class Wording
{
    private static readonly string[] Numbers = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight"];
    private static readonly string[,] Places =
    {
        { "at the top left", "at the top", "at the top right" },
        { "on the left", "in the center", "on the right" },
        { "at the bottom left", "at the bottom", "at the bottom right" },
    };

    public static string Name(ShapeKind shape) => shape.ToString().ToLowerInvariant();

    public static string Name(ShapeColor color) => color.ToString().ToLowerInvariant();

    public static string Plural(ShapeKind shape) => shape == ShapeKind.Cross ? "crosses" : Name(shape) + "s";

    public static string Number(int value) => Numbers[value];

    public static string Article(string noun) => (noun[0] is 'a' or 'e' or 'i' or 'o' or 'u' ? "an " : "a ") + noun;

    public static string Place(SceneItem item) => Places[item.Row, item.Column];

    /// <summary>The place alone, for one-word answers: "Top left".</summary>
    public static string ShortPlace(SceneItem item) => Capital(Place(item).Split(' ', 3)[2]);

    public static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    public static string Phrase(SceneItem item) => item.IsText ? Written(item) + " in " + Name(item.Color) : Article($"{Name(item.Color)} {Name(item.Shape)}");

    public static string Written(SceneItem item) => (char.IsDigit(item.Text![0]) ? "the number " : "the word ") + item.Text;

    /// <summary>"a", "a and b", "a, b and c".</summary>
    public static string List(IReadOnlyList<string> parts) =>
        parts.Count == 1 ? parts[0] : string.Join(", ", parts.Take(parts.Count - 1)) + " and " + parts[^1];

    /// <summary>"There are three circles", "There is one circle", "There are no circles".</summary>
    public static string ThereAre(int count, string singular, string plural) => count switch
    {
        0 => $"There are no {plural}.",
        1 => $"There is one {singular}.",
        _ => $"There are {Number(count)} {plural}.",
    };

    /// <summary>
    /// A reference that fits this item alone, like "the red circle"; with <paramref name="avoidColor"/> or <paramref name="avoidShape"/>
    /// one that does not give that away. Null when there is none.
    /// </summary>
    public static string? Reference(Scene scene, SceneItem item, Random random, bool avoidColor = false, bool avoidShape = false)
    {
        if (item.IsText)
        {
            return random.Next(3) == 0 && !avoidShape ? (char.IsDigit(item.Text![0]) ? "the number" : "the word") : "the text";
        }

        var shapes = scene.Shapes.ToList();
        var options = new List<string>();
        if (!avoidColor && !avoidShape && shapes.Count(s => s.Color == item.Color && s.Shape == item.Shape) == 1)
        {
            options.Add($"the {Name(item.Color)} {Name(item.Shape)}");
            options.Add(options[0]);
        }

        if (!avoidShape && shapes.Count(s => s.Shape == item.Shape) == 1)
        {
            options.Add("the " + Name(item.Shape));
        }

        if (!avoidColor && shapes.Count(s => s.Color == item.Color) == 1)
        {
            options.Add($"the {Name(item.Color)} {Thing(random)}");
        }

        if (options.Count == 0 || random.Next(8) == 0)
        {
            var size = item.Large ? "large" : "small";
            if (!avoidColor && !avoidShape && shapes.Count(s => s.Color == item.Color && s.Shape == item.Shape && s.Large == item.Large) == 1)
            {
                options.Add($"the {size} {Name(item.Color)} {Name(item.Shape)}");
            }
            else if (!avoidShape && shapes.Count(s => s.Shape == item.Shape && s.Large == item.Large) == 1)
            {
                options.Add($"the {size} {Name(item.Shape)}");
            }
        }

        if (shapes.Count == 1 && random.Next(4) == 0)
        {
            options.Add("the " + Thing(random));
        }

        return options.Count == 0 ? null : options[random.Next(options.Count)];
    }

    private static string Thing(Random random) => random.Next(3) == 0 ? "object" : "shape";
}
