using System.Text.Json.Nodes;
using SkiaSharp;

namespace LlavaServer.Cli.Bench;

/// <summary>Questions that no cache knows, and the same again with known pictures. Owned by one worker.</summary>
internal sealed class BenchQuestion(BenchPlan plan, string model, Random random)
{
    private const int NoiseSide = 336;

    // Of LLaVA's vocabulary, a number of three digits and its space are about three tokens; a word of the list is about one.
    private static readonly string[] s_words = "the of and to in is you that it he was for on are as with his they at be this from have or by one had not but what".Split(' ');

    /// <summary>New pictures as data URLs.</summary>
    public string[] NewPictures() => [.. Enumerable.Range(0, plan.Pictures).Select(_ => plan.Picture.Length > 0 ? Changed(plan.Picture) : Noise())];

    /// <summary>A question about pictures, with a new text in front of them.</summary>
    public JsonObject Ask(IReadOnlyList<string> pictures)
    {
        var parts = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = Text() });
        foreach (var picture in pictures)
        {
            parts.Add(new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = picture } });
        }

        return new JsonObject
        {
            ["model"] = model,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = parts }),
            ["max_tokens"] = plan.Tokens,
            ["ignore_eos"] = true,
            ["temperature"] = 0,
            ["stream"] = true,
        };
    }

    private string Text() => string.Join(' ', Enumerable.Range(0, Math.Max(1, plan.PromptTokens)).Select(_ => s_words[random.Next(s_words.Length)]));

    // One pixel is another: caches know pictures by their pixels.
    private string Changed(byte[] picture)
    {
        using var bitmap = SKBitmap.Decode(picture);
        bitmap.SetPixel(random.Next(bitmap.Width), random.Next(bitmap.Height), Color());
        return Url(bitmap);
    }

    private string Noise()
    {
        using var bitmap = new SKBitmap(NoiseSide, NoiseSide, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (var y = 0; y < NoiseSide; y += 8)
        {
            for (var x = 0; x < NoiseSide; x += 8)
            {
                bitmap.Erase(Color(), SKRectI.Create(x, y, 8, 8));
            }
        }

        return Url(bitmap);
    }

    private SKColor Color() => new((uint)random.Next() | 0xFF000000);

    private static string Url(SKBitmap bitmap)
    {
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return $"data:image/png;base64,{Convert.ToBase64String(data.Span)}";
    }
}
