namespace LlavaServer.Inference.Sampling;

/// <summary>DRY (see <see cref="DryParameters"/>), with llama.cpp's search: linear in the tokens looked back.</summary>
internal sealed class DryStage : SamplerStage
{
    private const float LargestExponent = 88.7228391f;
    private readonly DryParameters _parameters;
    private readonly DryBreakers _breakers;
    private readonly int _maxExponent;
    private readonly int[] _ring;
    private readonly int[] _repeats;
    private readonly Dictionary<int, int> _longest;
    private int _next;
    private int _length;

    /// <param name="parameters">With a multiplier other than 0 and a base of at least 1.</param>
    /// <param name="lastN">Tokens looked back, at least 1.</param>
    /// <param name="breakers">May be empty.</param>
    public DryStage(DryParameters parameters, int lastN, DryBreakers breakers)
    {
        _parameters = parameters;
        _breakers = breakers;
        _maxExponent = parameters.Base > 1.000001f ? (int)(LargestExponent / MathF.Log(parameters.Base)) : 0;
        _ring = new int[lastN];
        _repeats = new int[lastN];
        _longest = new Dictionary<int, int>(lastN);
    }

    public override bool KeepsLargest => false;

    public override void Accept(int tokenId)
    {
        _ring[_next] = tokenId;
        _next = (_next + 1) % _ring.Length;
        _length = Math.Min(_length + 1, _ring.Length);
    }

    public override void Apply(CandidateList candidates)
    {
        if (_length <= _parameters.AllowedLength)
        {
            return;
        }

        var limit = RepeatLimit();
        if (limit < _parameters.AllowedLength)
        {
            return;
        }

        CountRepeats(limit);
        CollectContinuations();
        if (_longest.Count == 0)
        {
            return;
        }

        foreach (ref var item in candidates.Items)
        {
            if (_longest.TryGetValue(item.TokenId, out var length) && !_breakers.IsBreaker(item.TokenId))
            {
                var exponent = length - _parameters.AllowedLength;
                exponent = _maxExponent > 0 ? Math.Min(exponent, _maxExponent) : exponent;
                item.Logit -= MathF.Min(_parameters.Multiplier * MathF.Pow(_parameters.Base, exponent), float.MaxValue);
            }
        }

        candidates.LogitsChanged();
    }

    // The newest token is 0.
    private int Back(int age)
    {
        var index = _next - 1 - age;
        return _ring[index < 0 ? index + _ring.Length : index];
    }

    // A run may not reach back across the nearest breaker; of several that begin at one token the longest counts.
    private int RepeatLimit()
    {
        for (var age = 0; age < _length; age++)
        {
            if (_breakers.TailsOf(Back(age)) is not { } tails)
            {
                continue;
            }

            var longest = -1;
            foreach (var tail in tails)
            {
                if (tail.Length > longest && tail.Length <= age && Matches(tail, age))
                {
                    longest = tail.Length;
                }
            }

            if (longest >= 0)
            {
                return age - longest;
            }
        }

        return _length;
    }

    private bool Matches(int[] tail, int age)
    {
        for (var i = 0; i < tail.Length; i++)
        {
            if (tail[i] != Back(age - i - 1))
            {
                return false;
            }
        }

        return true;
    }

    // The Z-algorithm (Gusfield 1997) on the history from its end: how many of the newest tokens stand also before each age.
    private void CountRepeats(int limit)
    {
        _repeats.AsSpan(0, _length).Clear();
        var (left, right) = (0, 0);
        for (var k = 1; k < _length; k++)
        {
            if (k <= right && _repeats[k - left] < right - k + 1)
            {
                _repeats[k] = Math.Min(_repeats[k - left], limit);
                continue;
            }

            var end = Math.Max(k, right + 1);
            while (end < _length && Back(end) == Back(end - k))
            {
                end++;
            }

            _repeats[k] = Math.Min(end - k, limit);
            if (end > k)
            {
                (left, right) = (k, end - 1);
            }
        }
    }

    private void CollectContinuations()
    {
        _longest.Clear();
        for (var age = 1; age < _length; age++)
        {
            var length = _repeats[age];
            if (length >= _parameters.AllowedLength)
            {
                var token = Back(age - 1);
                _longest[token] = Math.Max(length, _longest.GetValueOrDefault(token));
            }
        }
    }
}
