namespace LlavaServer.Training.Network;

/// <summary>
/// Starting values of the tower's input that carry what is known about pictures: patches begin as cosine components of brightness and
/// colour (the transform of JPEG), positions as waves over rows and columns. With random values the tower needs far more pictures.
/// </summary>
internal static class VisionStart
{
    private static readonly float[][] Planes = [[0.577f, 0.577f, 0.577f], [0.707f, -0.707f, 0], [0.408f, 0.408f, -0.816f]];

    /// <summary>[width x 3 x patch x patch]: cosine components in order of rising frequency, two of brightness for each of the two colour planes.</summary>
    public static float[] Patches(LlavaShape shape, Random random)
    {
        int width = shape.VisionHiddenSize, size = shape.PatchSize, length = shape.PatchLength;
        var components = (from u in Enumerable.Range(0, size)
                          from v in Enumerable.Range(0, size)
                          from plane in Enumerable.Range(0, 3)
                          orderby (u + v + 1) * (plane == 0 ? 1 : 1.6)
                          select (u, v, plane)).Take(width * 5 / 6).ToList();
        var weights = new float[width * length];
        for (var row = 0; row < width; row++)
        {
            for (var i = 0; i < length; i++)
            {
                int c = i / (size * size), y = i / size % size, x = i % size;
                if (row >= components.Count)
                {
                    weights[(row * length) + i] = (random.NextSingle() - 0.5f) * 3.4f / MathF.Sqrt(length);
                    continue;
                }

                var (u, v, plane) = components[row];
                // Natural edges fall off with frequency; the factor evens that out.
                var scale = u + v == 0 ? 1f / size : 0.12f * MathF.Sqrt(u + v);
                weights[(row * length) + i] = Planes[plane][c] * scale * Wave(u, x, size) * Wave(v, y, size);
            }
        }

        return weights;
    }

    /// <summary>[1 + rows x width]: sines and cosines of column and row at several frequencies; the class row is zero.</summary>
    public static float[] Positions(LlavaShape shape)
    {
        int width = shape.VisionHiddenSize, grid = shape.Grid, quarter = width / 4;
        var weights = new float[(shape.ImageRows + 1) * width];
        for (var p = 0; p < shape.ImageRows; p++)
        {
            for (var i = 0; i < quarter; i++)
            {
                var frequency = MathF.PI / grid * MathF.Pow(grid * 0.8f, (float)i / quarter);
                var (sinX, cosX) = MathF.SinCos(((p % grid) + 0.5f) * frequency);
                var (sinY, cosY) = MathF.SinCos(((p / grid) + 0.5f) * frequency);
                var at = ((p + 1) * width) + (i * 4);
                (weights[at], weights[at + 1], weights[at + 2], weights[at + 3]) = (sinX, cosX, sinY, cosY);
            }
        }

        return weights;
    }

    private static float Wave(int frequency, int at, int size) =>
        MathF.Sqrt((frequency == 0 ? 1f : 2f) / size) * MathF.Cos(MathF.PI * (at + 0.5f) * frequency / size);
}
