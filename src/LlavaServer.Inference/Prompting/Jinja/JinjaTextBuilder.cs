using System.Text;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>Puts a <see cref="JinjaText"/> together, counting its characters. Owned by one rendering.</summary>
/// <param name="budget">Counts the characters; null where they were counted before.</param>
internal sealed class JinjaTextBuilder(JinjaBudget? budget)
{
    private readonly StringBuilder _value = new();
    private readonly List<JinjaRun> _runs = [];

    public int Length => _value.Length;

    public JinjaTextBuilder Append(ReadOnlySpan<char> value, int mark = JinjaText.Template)
    {
        if (value.Length > 0)
        {
            Count(value.Length);
            Mark(mark);
            _value.Append(value);
        }

        return this;
    }

    public JinjaTextBuilder Append(JinjaText text) => Append(text, 0, text.Length);

    public JinjaTextBuilder Append(JinjaText text, int start, int length)
    {
        if (length == 0)
        {
            return this;
        }

        Count(length);
        var end = start + length;
        for (var run = text.RunAt(start); start < end; run++)
        {
            var next = Math.Min(end, text.EndOf(run));
            Mark(text.Runs[run].Mark);
            _value.Append(text.Value, start, next - start);
            start = next;
        }

        return this;
    }

    public JinjaText ToText() => JinjaText.Of(_value.ToString(), _runs);

    private void Count(int length)
    {
        budget?.CheckLength((long)_value.Length + length);
        budget?.Text(length);
    }

    private void Mark(int mark)
    {
        if (_runs.Count == 0 || _runs[^1].Mark != mark)
        {
            _runs.Add(new JinjaRun(_value.Length, mark));
        }
    }
}
