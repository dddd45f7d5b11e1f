namespace LlavaServer.Inference.Embeddings;

/// <summary>Makes one vector from the hidden states of a sequence's rows, fed in order of position. Scheduler thread.</summary>
/// <param name="type">Mean, first or last position.</param>
/// <param name="length">Positions of the input.</param>
internal sealed class EmbeddingPool(PoolingType type, int length)
{
    private double[] _sum = [];
    private int _rows;

    /// <summary>Whether the input's other positions may be taken over from another sequence: their hidden states are not stored.</summary>
    public bool AllowsReuse => type == PoolingType.Last;

    public bool Wants(int position) => type switch
    {
        PoolingType.Mean => true,
        PoolingType.Cls => position == 0,
        _ => position == length - 1,
    };

    public void Add(ReadOnlySpan<float> hidden)
    {
        if (_sum.Length == 0)
        {
            _sum = new double[hidden.Length];
        }

        for (var i = 0; i < hidden.Length; i++)
        {
            _sum[i] += hidden[i];
        }

        _rows++;
    }

    /// <summary>The sequence is computed anew from its first position.</summary>
    public void Restart()
    {
        Array.Clear(_sum);
        _rows = 0;
    }

    /// <summary>The pooled vector of length 1. Throws <see cref="InferenceException"/> when it is not a number.</summary>
    public float[] ToVector()
    {
        var squares = 0.0;
        foreach (var value in _sum)
        {
            squares += value * value;
        }

        if (_rows == 0 || !double.IsFinite(squares))
        {
            throw new InferenceException(InferenceError.EmbeddingNotFinite, "The model's hidden state is not a number: its file may be damaged.");
        }

        // A mean points where its sum points.
        var scale = squares > 0 ? 1 / Math.Sqrt(squares) : 0;
        return Array.ConvertAll(_sum, value => (float)(value * scale));
    }
}
