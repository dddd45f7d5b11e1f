using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Models.Tokenization;
using SkiaSharp;

namespace LlavaServer.Engine.Tests.Parity;

/// <summary>Questions about the pictures beside the golden files, put to an engine with the bundled model.</summary>
internal static class PictureQuestions
{
    private const int MaxTokens = 96;

    /// <summary>Two engines agree to rounding, not to bits: where the logits of two tokens are this close, either may win.</summary>
    public const float NearTie = 0.1f;

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Parity");

    public static string ModelPath { get; } = Path.Combine(AppContext.BaseDirectory, "BundledModel", "llava-mini.gguf");

    public static string MmprojPath { get; } = Path.Combine(AppContext.BaseDirectory, "BundledModel", "llava-mini-mmproj.gguf");

    /// <summary>The greedy answer, and how far apart the two tokens are at its first difference from what is expected.</summary>
    public static (List<int> Answer, float Gap) Answer(IInferenceEngine engine, ITokenizer tokenizer, string question, RgbImage picture, int[] expected)
    {
        var gap = float.NaN;
        var image = engine.Vision!.Encode(picture, new ComputeTurns(TimeProvider.System), TestContext.Current.CancellationToken);
        List<int> before = [], after = [], answer = [];
        tokenizer.Encode("USER: ", addSpecial: true, parseSpecial: true, before);
        tokenizer.Encode($"\n{question} ASSISTANT:", addSpecial: false, parseSpecial: true, after);
        var sequence = new SequenceId(0);
        var batch = new Batch(engine.Info.MaxBatchRows);
        var position = 0;
        before.ForEach(token => batch.AddToken(sequence, position++, token, wantsLogits: false));
        for (var row = 0; row < image.RowCount; row++)
        {
            batch.AddImageRow(sequence, position++, image, row, wantsLogits: false);
        }

        after.ForEach(token => batch.AddToken(sequence, position++, token, wantsLogits: batch.Count == before.Count + image.RowCount + after.Count - 1));
        engine.RemoveSequence(sequence, 0);
        while (answer.Count < MaxTokens)
        {
            Assert.Equal(DecodeStatus.Done, engine.Decode(batch));
            var logits = engine.Logits(batch.Count - 1);
            var token = IndexOfMax(logits);
            if (float.IsNaN(gap) && answer.Count < expected.Length && expected[answer.Count] != token)
            {
                gap = logits[token] - logits[expected[answer.Count]];
            }

            answer.Add(token);
            if (tokenizer.IsEndOfGeneration(token))
            {
                break;
            }

            batch.Clear();
            batch.AddToken(sequence, position++, token, wantsLogits: true);
        }

        return (answer, gap);
    }

    public static RgbImage Picture(string name)
    {
        using var bitmap = SKBitmap.Decode(Path.Combine(Folder, "questions", name));
        var pixels = new byte[bitmap.Width * bitmap.Height * 3];
        for (var i = 0; i < pixels.Length / 3; i++)
        {
            var color = bitmap.GetPixel(i % bitmap.Width, i / bitmap.Width);
            (pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]) = (color.Red, color.Green, color.Blue);
        }

        return new RgbImage(bitmap.Width, bitmap.Height, pixels);
    }

    private static int IndexOfMax(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }

        return best;
    }
}
