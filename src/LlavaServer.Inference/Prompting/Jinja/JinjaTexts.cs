namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>Work on strings that keeps the marks of every character.</summary>
internal static class JinjaTexts
{
    public static JinjaText Strip(JinjaText text, JinjaText? characters, bool atStart, bool atEnd)
    {
        bool Drops(char character) => characters is null ? char.IsWhiteSpace(character) : characters.Value.Contains(character);

        var start = 0;
        var end = text.Length;
        while (atStart && start < end && Drops(text.Value[start]))
        {
            start++;
        }

        while (atEnd && end > start && Drops(text.Value[end - 1]))
        {
            end--;
        }

        return text.Slice(start, end - start);
    }

    /// <summary>Without a separator at runs of white space.</summary>
    public static JinjaList Split(JinjaText text, JinjaText? separator, long most, JinjaBudget budget)
    {
        budget.Text(text.Length);
        if (separator is null)
        {
            return SplitAtSpaces(text, most, budget);
        }

        CheckSeparator(separator);
        var parts = new List<object?>();
        var start = 0;
        for (int next; most != 0 && (next = text.Value.IndexOf(separator.Value, start, StringComparison.Ordinal)) >= 0; most--)
        {
            budget.Steps();
            parts.Add(text.Slice(start, next - start));
            start = next + separator.Length;
        }

        parts.Add(text.Slice(start));
        return new JinjaList(parts);
    }

    public static JinjaList SplitFromEnd(JinjaText text, JinjaText? separator, long most, JinjaBudget budget)
    {
        if (separator is null || most < 0)
        {
            return Split(text, separator, -1, budget);
        }

        CheckSeparator(separator);
        budget.Text(text.Length);
        var parts = new List<object?>();
        var end = text.Length;
        for (int next; most != 0 && (next = text.Value.AsSpan(0, end).LastIndexOf(separator.Value)) >= 0; most--)
        {
            budget.Steps();
            parts.Add(text.Slice(next + separator.Length, end - next - separator.Length));
            end = next;
        }

        parts.Add(text.Slice(0, end));
        parts.Reverse();
        return new JinjaList(parts);
    }

    public static JinjaList Lines(JinjaText text, bool keepsEnds, JinjaBudget budget)
    {
        budget.Text(text.Length);
        var lines = new List<object?>();
        for (var start = 0; start < text.Length;)
        {
            budget.Steps();
            var next = text.Value.IndexOfAny(['\n', '\r'], start);
            var end = next < 0 ? text.Length : next + (text.Value[next] == '\r' && next + 1 < text.Length && text.Value[next + 1] == '\n' ? 2 : 1);
            lines.Add(text.Slice(start, (keepsEnds || next < 0 ? end : next) - start));
            start = end;
        }

        return new JinjaList(lines);
    }

    public static JinjaList Partition(JinjaText text, JinjaText separator, bool fromEnd)
    {
        CheckSeparator(separator);
        var at = fromEnd
            ? text.Value.LastIndexOf(separator.Value, StringComparison.Ordinal)
            : text.Value.IndexOf(separator.Value, StringComparison.Ordinal);
        object?[] parts = at >= 0 ? [text.Slice(0, at), separator, text.Slice(at + separator.Length)]
            : fromEnd ? [JinjaText.Empty, JinjaText.Empty, text]
            : [text, JinjaText.Empty, JinjaText.Empty];
        return new JinjaList([.. parts], isTuple: true);
    }

    public static JinjaText Replace(JinjaText text, JinjaText old, JinjaText replacement, long most, JinjaBudget budget)
    {
        var output = new JinjaTextBuilder(budget);
        var start = 0;
        if (old.Length == 0)
        {
            for (; start <= text.Length && most != 0; most--, start++)
            {
                output.Append(replacement);
                output.Append(text, start, start < text.Length ? 1 : 0);
            }

            return start < text.Length ? output.Append(text, start, text.Length - start).ToText() : output.ToText();
        }

        for (int next; most != 0 && (next = text.Value.IndexOf(old.Value, start, StringComparison.Ordinal)) >= 0; most--)
        {
            budget.Steps();
            output.Append(text, start, next - start).Append(replacement);
            start = next + old.Length;
        }

        return output.Append(text, start, text.Length - start).ToText();
    }

    public static JinjaText Join(List<object?> items, JinjaText separator, JinjaBudget budget)
    {
        var output = new JinjaTextBuilder(budget);
        for (var i = 0; i < items.Count; i++)
        {
            output.Append(i > 0 ? separator : JinjaText.Empty).Append(JinjaValues.ToText(items[i], budget));
        }

        return output.ToText();
    }

    public static JinjaText Capitalize(JinjaText text) => text.Map(static s => char.ToUpperInvariant(s[0]) + s[1..].ToLowerInvariant());

    public static JinjaText Title(JinjaText text) => text.Map(static s => string.Create(s.Length, s, static (result, s) =>
    {
        for (var i = 0; i < s.Length; i++)
        {
            result[i] = i > 0 && char.IsLetter(s[i - 1]) ? char.ToLowerInvariant(s[i]) : char.ToUpperInvariant(s[i]);
        }
    }));

    /// <param name="text">What is indented.</param>
    /// <param name="indent">In front of every line.</param>
    /// <param name="first">Also of the first one.</param>
    /// <param name="blank">Also of empty ones.</param>
    /// <param name="budget">Counts the work.</param>
    public static JinjaText Indent(JinjaText text, JinjaText indent, bool first, bool blank, JinjaBudget budget)
    {
        var output = new JinjaTextBuilder(budget);
        for (var start = 0; start <= text.Length;)
        {
            budget.Steps();
            var next = text.Value.IndexOf('\n', start);
            var end = next < 0 ? text.Length : next;
            if (start == 0 ? first : blank || end > start)
            {
                output.Append(indent);
            }

            output.Append(text, start, Math.Min(text.Length, end + 1) - start);
            start = end + 1;
        }

        return output.ToText();
    }

    private static JinjaList SplitAtSpaces(JinjaText text, long most, JinjaBudget budget)
    {
        var parts = new List<object?>();
        for (var i = 0; i < text.Length;)
        {
            if (char.IsWhiteSpace(text.Value[i]))
            {
                i++;
                continue;
            }

            budget.Steps();
            var end = i;
            while (end < text.Length && !char.IsWhiteSpace(text.Value[end]))
            {
                end++;
            }

            if (most-- == 0)
            {
                parts.Add(Strip(text.Slice(i), null, false, true));
                break;
            }

            parts.Add(text.Slice(i, end - i));
            i = end;
        }

        return new JinjaList(parts);
    }

    private static void CheckSeparator(JinjaText separator)
    {
        if (separator.Length == 0)
        {
            throw JinjaFault.Value("the separator is empty");
        }
    }
}
