namespace LlavaServer.Endpoints.Ollama.Embedding;

/// <summary>Shortens vectors as models with nested dimensions allow it (Kusupati et al., "Matryoshka Representation Learning", 2022).</summary>
internal static class VectorCut
{
    /// <summary>The first numbers, again of length 1; the vector itself when that many are not fewer, or not more than none.</summary>
    public static float[] To(float[] vector, long dimensions)
    {
        if (dimensions <= 0 || dimensions >= vector.Length)
        {
            return vector;
        }

        var cut = vector[..(int)dimensions];
        var squares = cut.Sum(static value => (double)value * value);
        var scale = squares > 0 ? 1 / Math.Sqrt(squares) : 0;
        return Array.ConvertAll(cut, value => (float)(value * scale));
    }
}
