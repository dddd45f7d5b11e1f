using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using LlavaServer.Training.Dataset;
using LlavaServer.Training.Drawing;
using LlavaServer.Training.Stages;
using SkiaSharp;

namespace LlavaServer.Training.Evaluation;

/// <summary>
/// Writes held-out pictures and questions: picture-N.png, and questions.jsonl with one conversation a line (picture, turns with
/// question, exact answer and family). The seeds are none that training uses.
/// </summary>
public static class HeldOutData
{
    private const int Seed = 20_270_202;
    private static readonly Family[] Asked =
    [
        Family.Color, Family.Shape, Family.Existence, Family.Count, Family.Position, Family.Relation, Family.Comparison, Family.Description, Family.Detail,
        Family.Reading, Family.Size, Family.Fill, Family.Reasoning, Family.Absent, Family.Order,
    ];

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Each of <paramref name="perFamily"/> rounds asks every family once, each on a picture of its own; every fourth conversation has
    /// three turns, of which all count.
    /// </summary>
    public static void Write(StageOptions options, string folder, int perFamily)
    {
        Directory.CreateDirectory(folder);
        var painter = new ScenePainter(new FontShelf(options.Fonts));
        var sampler = new SceneSampler(5);
        var random = new Random(Seed);
        using var file = new StreamWriter(Path.Combine(folder, "questions.jsonl"));
        var number = 0;
        for (var round = 0; round < perFamily; round++)
        {
            foreach (var family in Asked)
            {
                var (scene, first) = Find(family, sampler, random);
                var turns = new List<Turn> { first };
                if (round % 4 == 3)
                {
                    turns.AddRange(ConversationWriter.OnePicture(random, null, scene, 3).Turns.Where(t => t.Question != first.Question && t.Family != Family.Chat).Take(2));
                }

                var name = string.Create(CultureInfo.InvariantCulture, $"picture-{number++:D5}.png");
                using (var bitmap = painter.Paint(scene))
                using (var data = bitmap.Encode(SKEncodedImageFormat.Png, 100))
                using (var picture = File.Create(Path.Combine(folder, name)))
                {
                    data.SaveTo(picture);
                }

                file.WriteLine(JsonSerializer.Serialize(
                    new HeldOutConversation(name, [.. turns.Select(t => new HeldOutTurn(t.Family.ToString(), t.Question, t.Answer))]), Json));
            }
        }

        for (var i = 0; i < perFamily; i++)
        {
            var chat = ChatPhrases.Draw(random, false);
            file.WriteLine(JsonSerializer.Serialize(new HeldOutConversation(null, [new HeldOutTurn(chat.Family.ToString(), chat.Question, chat.Answer)]), Json));
        }
    }

    public static IReadOnlyList<HeldOutConversation> Read(string folder) =>
        [.. File.ReadLines(Path.Combine(folder, "questions.jsonl")).Select(line => JsonSerializer.Deserialize<HeldOutConversation>(line, Json)!)];

    private static (Scene Scene, Turn Turn) Find(Family family, SceneSampler sampler, Random random)
    {
        while (true)
        {
            var scene = sampler.Sample(random);
            if ((family != Family.Reading || scene.Text is not null) && QuestionWriter.Ask(family, scene, random) is { } turn)
            {
                return (scene, turn);
            }
        }
    }
}
