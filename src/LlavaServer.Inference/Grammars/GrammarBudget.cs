namespace LlavaServer.Inference.Grammars;

/// <summary>What one compilation may use; throws <see cref="GrammarException"/> that names the setting when it is used up. Used by one thread.</summary>
internal sealed class GrammarBudget(LimitOptions limits, TimeProvider time)
{
    private const int ClockEvery = 256;

    /// <summary>Work of some milliseconds, for which the clock is not asked: a machine that is busy with other things refuses no common schema.</summary>
    private const int FreeParts = 20_000;

    /// <summary>Bounds the memory of one automaton: about 100 bytes each.</summary>
    private const int MaxParts = 400_000;

    private readonly long _started = time.GetTimestamp();
    private int _parts;
    private int _schemaNodes;

    /// <summary>Work done so far.</summary>
    public int Parts => _parts;

    public void CheckDepth(int depth, string place)
    {
        if (depth > limits.SchemaDepth)
        {
            throw new GrammarException($"{place} is nested more than {limits.SchemaDepth} deep (Limits:SchemaDepth).");
        }
    }

    public void AddSchemaNode()
    {
        if (++_schemaNodes > limits.SchemaNodes)
        {
            throw new GrammarException($"The schema has more than {limits.SchemaNodes} parts, references counted where they are used (Limits:SchemaNodes).");
        }

        AddPart();
    }

    public void CheckBytes(long bytes)
    {
        if (bytes > limits.GrammarBytes)
        {
            throw new GrammarException($"The text has {bytes} bytes; at most {limits.GrammarBytes} are allowed (Limits:GrammarBytes).");
        }
    }

    /// <summary>Counts work of any kind.</summary>
    public void AddPart()
    {
        if (++_parts > MaxParts)
        {
            throw new GrammarException($"The automaton has more than {MaxParts} parts.");
        }

        if (_parts > FreeParts && _parts % ClockEvery == 0 && time.GetElapsedTime(_started) > limits.GrammarTime)
        {
            throw new GrammarException($"Compiling took more than {limits.GrammarTime.TotalSeconds} s (Limits:GrammarTime).");
        }
    }
}
