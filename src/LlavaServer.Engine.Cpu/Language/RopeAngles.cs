namespace LlavaServer.Engine.Cpu.Language;

/// <summary>
/// Cosines and sines of a position for every pair of elements, with the model's scaling. The angle is multiplied from pair to pair in single precision,
/// because llama.cpp does so and the fast pairs differ visibly from a power per pair.
/// </summary>
internal sealed unsafe class RopeAngles
{
    private readonly int _pairs;
    private readonly float _step;
    private readonly float _frequencyScale;
    private readonly float _magnitude;
    private readonly float[] _extrapolation;
    private readonly float* _divisors;

    /// <param name="config">Base and scaling.</param>
    /// <param name="divisors">Divisor of every pair's angle, shape (RopeWidth / 2), or null.</param>
    public RopeAngles(LlamaConfig config, float* divisors)
    {
        _pairs = config.RopeWidth / 2;
        _step = MathF.Pow(config.RopeBase, -2f / config.RopeWidth);
        _frequencyScale = 1f / config.RopeFactor;
        _divisors = divisors;
        _extrapolation = new float[_pairs];
        _magnitude = config.RopeAttentionFactor;
        if (config.RopeScaling == RopeScaling.Yarn)
        {
            _magnitude *= config.RopeFactor <= 1 ? 1 : 1f + (0.1f * MathF.Log(config.RopeFactor));
            FillRamp(config);
        }
    }

    public void Fill(int position, float* cosines, float* sines)
    {
        float angle = position;
        for (int i = 0; i < _pairs; i++)
        {
            float extrapolated = _divisors == null ? angle : angle / _divisors[i];
            float interpolated = _frequencyScale * extrapolated;
            float mix = _extrapolation[i];
            float theta = mix == 0 ? interpolated : (interpolated * (1 - mix)) + (extrapolated * mix);
            (float sine, float cosine) = MathF.SinCos(theta);
            cosines[i] = cosine * _magnitude;
            sines[i] = sine * _magnitude;
            angle *= _step;
        }
    }

    /// <summary>Share of the unscaled angle in every pair: 1 for fast pairs, 0 for slow ones (YaRN, section 3.2).</summary>
    private void FillRamp(LlamaConfig config)
    {
        float Pair(float rotations) => config.RopeWidth * MathF.Log(config.RopeOriginalContext / (rotations * 2 * MathF.PI)) / (2 * MathF.Log(config.RopeBase));
        float low = MathF.Max(0, MathF.Floor(Pair(config.YarnBetaFast)));
        float high = MathF.Min(config.RopeWidth - 1, MathF.Ceiling(Pair(config.YarnBetaSlow)));
        for (int i = 0; i < _pairs; i++)
        {
            _extrapolation[i] = 1 - Math.Clamp((i - low) / MathF.Max(0.001f, high - low), 0, 1);
        }
    }
}
