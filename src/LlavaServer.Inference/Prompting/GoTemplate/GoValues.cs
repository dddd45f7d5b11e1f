using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>
/// What Go's rules say of a value. Values are <see cref="JinjaText"/>, <see cref="long"/>, <see cref="byte"/>, <see cref="double"/>, <see cref="bool"/>,
/// <see cref="GoList"/>, <see cref="GoMap"/>, <see cref="GoStruct"/>, <see cref="GoNil"/> or null.
/// </summary>
internal static class GoValues
{
    /// <summary>Whether a condition holds: not zero, not empty, not nothing.</summary>
    public static bool Truth(object? value) => value switch
    {
        bool flag => flag,
        long number => number != 0,
        byte number => number != 0,
        double number => number != 0,
        JinjaText text => text.Length > 0,
        GoList list => list.Count > 0,
        GoMap map => map.Entries.Count > 0,
        GoStruct => true,
        _ => false,
    };

    /// <summary>Whether JSON leaves a field with this value out if it may.</summary>
    public static bool IsEmpty(object? value) => value is not GoStruct && !Truth(value);

    public static string TypeOf(object? value) => value switch
    {
        bool => "bool",
        long => "int",
        byte => "uint8",
        double => "float64",
        JinjaText => "string",
        GoList list => list.Type,
        GoMap map => map.Type,
        GoStruct structure => structure.Type,
        _ => "interface {}",
    };

    /// <summary>Bytes of a text in UTF-8, which is what Go counts.</summary>
    public static int Bytes(JinjaText text) => System.Text.Encoding.UTF8.GetByteCount(text.Value);

    /// <summary>A part of a text by its bytes in UTF-8; the bytes of a character that is cut become U+FFFD each.</summary>
    public static JinjaText Slice(JinjaText text, int from, int to, JinjaBudget budget)
    {
        var output = new JinjaTextBuilder(budget);
        var at = 0;
        for (var i = 0; i < text.Length && at < to;)
        {
            var length = char.IsHighSurrogate(text.Value[i]) && i + 1 < text.Length && char.IsLowSurrogate(text.Value[i + 1]) ? 2 : 1;
            var bytes = System.Text.Encoding.UTF8.GetByteCount(text.Value.AsSpan(i, length));
            var inside = Math.Min(to, at + bytes) - Math.Max(from, at);
            if (inside == bytes)
            {
                output.Append(text, i, length);
            }
            else if (inside > 0)
            {
                output.Append(new string('\uFFFD', inside), JinjaText.Input);
            }

            at += bytes;
            i += length;
        }

        return output.ToText();
    }
}
