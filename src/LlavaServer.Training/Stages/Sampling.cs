using LlavaServer.Training.Dataset;
using LlavaServer.Training.Drawing;
using LlavaServer.Training.Tokenization;
using SkiaSharp;

namespace LlavaServer.Training.Stages;

/// <summary>Draws some conversations for a look: pictures on one sheet, and their text.</summary>
public static class Sampling
{
    public static void Run(StageOptions options)
    {
        var workshop = new Workshop(options);
        var tokenizer = new SpmTokenizer(workshop.Vocabulary);
        var random = new Random(options.Seed);
        var painter = new ScenePainter(workshop.Fonts);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var builder = workshop.Builder();
        var writer = new ConversationWriter(new SceneSampler(5));
        var lengths = new List<int>();
        for (var i = 0; i < 400; i++)
        {
            lengths.Add(builder.Build(writer.Sample(random, 5 + random.Next(5))).Tokens.Length);
        }

        Console.WriteLine(string.Join(", ", Enumerable.Range(0, 12).Select(_ => workshop.Fonts.Pick(random)).Select(t => t.FamilyName + (t.IsBold ? " bold" : ""))));
        Console.WriteLine($"400 examples in {clock.ElapsedMilliseconds} ms; tokens mean {lengths.Average():F0} max {lengths.Max()}; vocabulary {workshop.Vocabulary.Pieces.Count}");
        using var sheet = new SKBitmap(8 * 180, 5 * 180);
        using var canvas = new SKCanvas(sheet);
        for (var i = 0; i < 40; i++)
        {
            var conversation = ConversationWriter.OnePicture(random, null, new SceneSampler(5).Sample(random), 7);
            using var bitmap = painter.Paint(conversation.Scenes[0]);
            var scale = 176f / Math.Max(bitmap.Width, bitmap.Height);
            float x = i % 8 * 180, y = i / 8 * 180;
            canvas.DrawBitmap(bitmap, new SKRect(x, y, x + (bitmap.Width * scale), y + (bitmap.Height * scale)), SKSamplingOptions.Default);
            if (i < 12)
            {
                Console.WriteLine($"--- {i}");
                foreach (var turn in conversation.Turns)
                {
                    Console.WriteLine($"[{turn.Family}] {turn.Question} => {string.Join('|', tokenizer.Encode(turn.Answer).Select(t => workshop.Vocabulary.Pieces[t].Text))}");
                }
            }
        }

        using var data = sheet.Encode(SKEncodedImageFormat.Png, 90);
        File.WriteAllBytes(Path.Combine(options.Run, "sample.png"), data.ToArray());
    }
}
