using LlavaServer.Inference.Images;

namespace LlavaServer.Tests.Page;

/// <summary>What a picture was when the encoder got it: its size, and the colour in the middle of each quarter, row by row. Immutable.</summary>
internal sealed record SeenPicture(int Width, int Height, int[][] Quarters)
{
    public SeenPicture(RgbImage picture)
        : this(picture.Width, picture.Height, QuartersOf(picture))
    {
    }

    private static int[][] QuartersOf(RgbImage picture)
    {
        (int X, int Y)[] places = [(1, 1), (3, 1), (1, 3), (3, 3)];
        return [.. places.Select(place =>
        {
            var at = ((picture.Height * place.Y / 4 * picture.Width) + (picture.Width * place.X / 4)) * 3;
            return new int[] { picture.Pixels[at], picture.Pixels[at + 1], picture.Pixels[at + 2] };
        })];
    }
}
