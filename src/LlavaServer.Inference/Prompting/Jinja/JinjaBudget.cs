namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>Counts what one rendering uses of its <see cref="JinjaLimits"/>; owned by that rendering, one thread.</summary>
internal sealed class JinjaBudget(JinjaLimits limits)
{
    private const int CharsPerStep = 64;
    private long _steps;

    /// <summary>Counts work before it is done. Throws <see cref="JinjaFault"/> when it is too much.</summary>
    public void Steps(long count = 1)
    {
        _steps += count;
        if (count > limits.Steps || _steps > limits.Steps)
        {
            throw new JinjaFault(JinjaError.Limit, $"more than {limits.Steps} steps (Limits:TemplateSteps)");
        }
    }

    /// <summary>Counts a text of so many characters before it is made.</summary>
    public void Text(long chars)
    {
        CheckLength(chars);
        Steps((chars / CharsPerStep) + 1);
    }

    /// <summary>Refuses a text that would be too long; a character is at least one byte.</summary>
    public void CheckLength(long bytes)
    {
        if (bytes > limits.Bytes)
        {
            throw new JinjaFault(JinjaError.Limit, $"a text of more than {limits.Bytes} bytes (Limits:TemplateBytes)");
        }
    }
}
