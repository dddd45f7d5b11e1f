using SkiaSharp;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>Small pictures for requests.</summary>
internal static class TestPictures
{
    public static byte[] Encode(int width, int height, SKEncodedImageFormat format = SKEncodedImageFormat.Png)
    {
        using var bitmap = new SKBitmap(width, height);
        bitmap.Erase(SKColors.Red);
        using var data = bitmap.Encode(format, 90);
        return data.ToArray();
    }

    public static string DataUrl(int width = 5, int height = 7) => "data:image/png;base64," + Convert.ToBase64String(Encode(width, height));
}
