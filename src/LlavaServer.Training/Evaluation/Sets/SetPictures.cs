using System.Globalization;
using LlavaServer.Training.Dataset;
using LlavaServer.Training.Drawing;
using SkiaSharp;

namespace LlavaServer.Training.Evaluation.Sets;

/// <summary>Draws the scenes of a question set, asks about them in the short form that LLaVA's evaluation uses, and saves their pictures. Deterministic; one thread.</summary>
internal sealed class SetPictures(string fonts, int seed)
{
    private readonly ScenePainter _painter = new(new FontShelf(fonts));
    private readonly SceneSampler _sampler = new(5);
    private int _count;

    /// <summary>What LLaVA's evaluation puts behind every question.</summary>
    public static string Suffix { get; } = QuestionWriter.ShortSuffixes[0];

    public Random Random { get; } = new(seed);

    public Scene Sample() => _sampler.Sample(Random);

    /// <summary>A question of a family without the suffix, whose answer is a word or phrase that meets the condition.</summary>
    public SetQuestion Ask(Family family, Func<SetQuestion, bool>? condition = null)
    {
        while (true)
        {
            if (Ask(family, Sample()) is { } question && condition?.Invoke(question) != false)
            {
                return question;
            }
        }
    }

    /// <summary>One about this scene; null when the draw gives none, another draw may.</summary>
    public SetQuestion? Ask(Family family, Scene scene) =>
        QuestionWriter.Ask(family, scene, Random) is { } turn && turn.Question.EndsWith(Suffix, StringComparison.Ordinal)
            ? new SetQuestion(scene, turn.Question[..^Suffix.Length], turn.Answer)
            : null;

    /// <summary>Saves a scene as PNG under the next number; returns the file's name.</summary>
    public string Save(Scene scene, string folder)
    {
        Directory.CreateDirectory(folder);
        var name = string.Create(CultureInfo.InvariantCulture, $"{_count++:D5}.png");
        File.WriteAllBytes(Path.Combine(folder, name), Png(scene));
        return name;
    }

    public byte[] Png(Scene scene)
    {
        using var bitmap = _painter.Paint(scene);
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }
}
