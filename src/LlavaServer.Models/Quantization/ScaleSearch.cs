namespace LlavaServer.Models.Quantization;

/// <summary>
/// Searches of the scale (and minimum) of a group that minimise a weighted error, as in ggml-quants.c: make_qx_quants, make_q3_quants and
/// make_qkx2_quants. The order of the float operations is part of the result.
/// </summary>
internal static class ScaleSearch
{
    /// <summary>Groups with no larger magnitude count as zero.</summary>
    public const float Negligible = 1e-15f;

    /// <summary>Rounds to nearest, ties to even, for magnitudes below 2^22.</summary>
    public static int Nearest(float value) => (BitConverter.SingleToInt32Bits(value + 12_582_912f) & 0x007FFFFF) - 0x00400000;

    /// <summary>Scale without minimum for levels -steps..steps-1, errors weighted by x squared; levels are not returned.</summary>
    public static float Symmetric(ReadOnlySpan<float> x, int steps, Span<byte> levels)
    {
        var extreme = Extreme(x);
        if (Math.Abs(extreme) < Negligible)
        {
            levels.Clear();
            return 0;
        }

        var inverse = -steps / extreme;
        var (sumXL, sumL2) = SymmetricSums(x, steps, inverse);
        SymmetricLevels(x, steps, inverse, levels);
        var scale = sumL2 != 0 ? sumXL / sumL2 : 0;
        var best = scale * sumXL;
        for (var step = -9; step <= 9; step++)
        {
            if (step == 0)
            {
                continue;
            }

            inverse = -(steps + 0.1f * step) / extreme;
            (sumXL, sumL2) = SymmetricSums(x, steps, inverse);
            if (sumL2 > 0 && sumXL * sumXL > best * sumL2)
            {
                SymmetricLevels(x, steps, inverse, levels);
                scale = sumXL / sumL2;
                best = scale * sumXL;
            }
        }

        return scale;
    }

    /// <summary>Scale without minimum for levels -steps..steps-1, improved one level at a time; levels are stored plus steps.</summary>
    public static float SymmetricByDescent(ReadOnlySpan<float> x, int steps, Span<byte> levels)
    {
        var extreme = Extreme(x);
        if (Math.Abs(extreme) < Negligible)
        {
            levels.Clear();
            return 0;
        }

        Span<int> current = stackalloc int[x.Length];
        var inverse = -steps / extreme;
        var (sumXL, sumL2) = (0f, 0f);
        for (var i = 0; i < x.Length; i++)
        {
            var level = Math.Clamp(Nearest(inverse * x[i]), -steps, steps - 1);
            current[i] = level;
            var weight = x[i] * x[i];
            sumXL += weight * x[i] * level;
            sumL2 += weight * level * level;
        }

        for (var round = 0; round < 5; round++)
        {
            var changed = false;
            for (var i = 0; i < x.Length; i++)
            {
                var weight = x[i] * x[i];
                var restXL = sumXL - weight * x[i] * current[i];
                if (!(restXL > 0))
                {
                    continue;
                }

                var restL2 = sumL2 - weight * current[i] * current[i];
                var level = Math.Clamp(Nearest(x[i] * restL2 / restXL), -steps, steps - 1);
                if (level == current[i])
                {
                    continue;
                }

                restXL += weight * x[i] * level;
                restL2 += weight * level * level;
                if (restL2 > 0 && restXL * restXL * sumL2 > sumXL * sumXL * restL2)
                {
                    current[i] = level;
                    (sumXL, sumL2, changed) = (restXL, restL2, true);
                }
            }

            if (!changed)
            {
                break;
            }
        }

        for (var i = 0; i < x.Length; i++)
        {
            levels[i] = (byte)(current[i] + steps);
        }

        return sumL2 > 0 ? sumXL / sumL2 : 0;
    }

    /// <summary>Scale and minimum for levels 0..steps. The minimum is returned as a positive number to subtract.</summary>
    public static float WithMinimum(
        ReadOnlySpan<float> x, ReadOnlySpan<float> weights, int steps, in Grid grid, bool absoluteError, Span<byte> levels, out float minimum)
    {
        var (min, max, sumW) = (x[0], x[0], weights[0]);
        var sumX = sumW * x[0];
        for (var i = 1; i < x.Length; i++)
        {
            min = x[i] < min ? x[i] : min;
            max = x[i] > max ? x[i] : max;
            sumW += weights[i];
            sumX += weights[i] * x[i];
        }

        min = min > 0 ? 0 : min;
        if (max == min)
        {
            levels.Clear();
            minimum = -min;
            return 0;
        }

        Span<byte> trial = stackalloc byte[x.Length];
        var inverse = steps / (max - min);
        var scale = 1 / inverse;
        Levels(x, steps, inverse, min, levels);
        var bestError = Error(x, weights, levels, scale, min, absoluteError);
        for (var step = 0; step <= grid.Steps; step++)
        {
            Levels(x, steps, (grid.Begin + grid.Delta * step + steps) / (max - min), min, trial);
            var (sumL, sumL2, sumXL) = (0f, 0f, 0f);
            for (var i = 0; i < x.Length; i++)
            {
                var w = weights[i];
                int level = trial[i];
                sumL += w * level;
                sumL2 += w * level * level;
                sumXL += w * level * x[i];
            }

            var determinant = sumW * sumL2 - sumL * sumL;
            if (!(determinant > 0))
            {
                continue;
            }

            var trialScale = (sumW * sumXL - sumX * sumL) / determinant;
            var trialMin = (sumL2 * sumX - sumL * sumXL) / determinant;
            if (trialMin > 0)
            {
                trialMin = 0;
                trialScale = sumXL / sumL2;
            }

            var error = Error(x, weights, trial, trialScale, trialMin, absoluteError);
            if (error < bestError)
            {
                trial.CopyTo(levels);

                // The improved minimum is also the lower end of the range of the next trial, as in the reference.
                (bestError, scale, min) = (error, trialScale, trialMin);
            }
        }

        minimum = -min;
        return scale;
    }

    private static float Extreme(ReadOnlySpan<float> x)
    {
        var (magnitude, extreme) = (0f, 0f);
        foreach (var value in x)
        {
            if (Math.Abs(value) > magnitude)
            {
                (magnitude, extreme) = (Math.Abs(value), value);
            }
        }

        return extreme;
    }

    private static (float SumXL, float SumL2) SymmetricSums(ReadOnlySpan<float> x, int steps, float inverse)
    {
        var (sumXL, sumL2) = (0f, 0f);
        foreach (var value in x)
        {
            var level = Math.Clamp(Nearest(inverse * value), -steps, steps - 1);
            var weight = value * value;
            sumXL += weight * value * level;
            sumL2 += weight * level * level;
        }

        return (sumXL, sumL2);
    }

    private static void SymmetricLevels(ReadOnlySpan<float> x, int steps, float inverse, Span<byte> levels)
    {
        for (var i = 0; i < x.Length; i++)
        {
            levels[i] = (byte)(Math.Clamp(Nearest(inverse * x[i]), -steps, steps - 1) + steps);
        }
    }

    private static void Levels(ReadOnlySpan<float> x, int steps, float inverse, float min, Span<byte> levels)
    {
        for (var i = 0; i < x.Length; i++)
        {
            levels[i] = (byte)Math.Clamp(Nearest(inverse * (x[i] - min)), 0, steps);
        }
    }

    private static float Error(ReadOnlySpan<float> x, ReadOnlySpan<float> weights, ReadOnlySpan<byte> levels, float scale, float min, bool absolute)
    {
        var error = 0f;
        for (var i = 0; i < x.Length; i++)
        {
            var difference = scale * levels[i] + min - x[i];
            error += weights[i] * (absolute ? Math.Abs(difference) : difference * difference);
        }

        return error;
    }

    /// <summary>Offsets of the number of steps that the search tries: begin, begin + delta, ... (steps + 1 trials).</summary>
    public readonly record struct Grid(float Begin, float Delta, int Steps);
}
