namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>
/// A string that knows of every character where it came from: the template, the conversation, or a picture that stands there. Whatever filters and
/// methods do, marks stay with their characters, so that text of a conversation is never read as control tokens. Immutable.
/// </summary>
internal sealed class JinjaText
{
    /// <summary>Mark of text that the template wrote.</summary>
    public const int Template = 0;

    /// <summary>Mark of text that came with the request.</summary>
    public const int Input = 1;

    /// <summary>Mark of the picture with number 0; the next ones follow.</summary>
    public const int FirstImage = 2;

    /// <summary>The one character that stands for a picture.</summary>
    public const char ImageCharacter = '\uFFFC';

    public static readonly JinjaText Empty = new("", []);

    private readonly JinjaRun[] _runs;

    private JinjaText(string value, JinjaRun[] runs)
    {
        Value = value;
        _runs = runs;
    }

    public string Value { get; }

    /// <summary>In UTF-16 code units; templates count code points, see <see cref="Count"/>.</summary>
    public int Length => Value.Length;

    /// <summary>Not empty for a text that is not; the first starts at 0, neighbours differ in their mark.</summary>
    public ReadOnlySpan<JinjaRun> Runs => _runs;

    /// <summary>Code points.</summary>
    public int Count
    {
        get
        {
            var count = Value.Length;
            foreach (var character in Value)
            {
                count -= char.IsLowSurrogate(character) ? 1 : 0;
            }

            return count;
        }
    }

    public static JinjaText Of(string value, int mark = Template) => value.Length == 0 ? Empty : new(value, [new JinjaRun(0, mark)]);

    public static JinjaText Of(string value, List<JinjaRun> runs) => value.Length == 0 ? Empty : new(value, [.. runs]);

    public static JinjaText Image(int index) => Of(ImageCharacter.ToString(), FirstImage + index);

    public JinjaText Slice(int start, int length)
    {
        if (length == 0)
        {
            return Empty;
        }

        if (length == Length)
        {
            return this;
        }

        var builder = new JinjaTextBuilder(null);
        builder.Append(this, start, length);
        return builder.ToText();
    }

    public JinjaText Slice(int start) => Slice(start, Length - start);

    /// <summary>The same marks on other characters: <paramref name="change"/> must keep the length.</summary>
    public JinjaText Map(Func<string, string> change) => Length == 0 ? Empty : new JinjaText(change(Value), _runs);

    /// <summary>Place in <see cref="Runs"/> of the run that a character belongs to.</summary>
    public int RunAt(int index)
    {
        var low = 0;
        for (var high = _runs.Length - 1; low < high;)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = _runs[middle].Start <= index ? (middle, high) : (low, middle - 1);
        }

        return low;
    }

    /// <summary>The index behind the last character of a run.</summary>
    public int EndOf(int run) => run + 1 < _runs.Length ? _runs[run + 1].Start : Length;

    public override string ToString() => Value;
}
