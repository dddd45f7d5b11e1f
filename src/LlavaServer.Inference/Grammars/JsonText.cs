using System.Globalization;
using static LlavaServer.Inference.Grammars.GrammarExpression;

namespace LlavaServer.Inference.Grammars;

/// <summary>
/// Pieces of JSON as grammar. White space is bounded, so that no model can go on with it for ever; numbers have at most 16 digits before and behind the
/// point and 2 in the exponent, so that every parser reads them.
/// </summary>
internal static class JsonText
{
    public const int MaxDigits = 16;

    private static readonly CharacterSet s_escaped = CharacterSet.Of((0, 0x1F), ('"', '"'), ('\\', '\\'));

    /// <summary>As llama.cpp's: nothing, a blank, or one or two new lines with an indentation.</summary>
    public static GrammarExpression Space { get; } = AnyOf(Empty, Text(" "), Of(Many(Text("\n"), 1, 2), Many(Chars(" \t"), 0, 20)));

    public static GrammarExpression Digit { get; } = Chars("0-9");

    /// <summary>Any character of a string, escaped where it must be or may be. Surrogates come in pairs.</summary>
    public static GrammarExpression AnyCharacter { get; } = AnyOf(
        new Characters(CharacterSet.Any.Except(s_escaped)),
        Of(Text("\\"), AnyOf(
            Chars("\"\\/bfnrt"),
            Of(Text("u"), AnyOf(
                Of(Chars("0-9a-cA-Ce-fE-F"), Many(Hex, 3, 3)),
                Of(Chars("dD"), Chars("0-7"), Many(Hex, 2, 2)),
                Of(Chars("dD"), Chars("89abAB"), Many(Hex, 2, 2), Text("\\u"), Chars("dD"), Chars("c-fC-F"), Many(Hex, 2, 2)))))));

    public static GrammarExpression Integer { get; } = Of(Optional(Text("-")), AnyOf(Text("0"), Of(Chars("1-9"), Many(Digit, 0, MaxDigits - 1))));

    public static GrammarExpression Number { get; } = Of(
        Integer,
        Optional(Of(Text("."), Many(Digit, 1, MaxDigits))),
        Optional(Of(Chars("eE"), Optional(Chars("-+")), Many(Digit, 1, 2))));

    private static GrammarExpression Hex => Chars("0-9a-fA-F");

    /// <summary>One character of a set, as it stands in a string: raw, or with its one escape.</summary>
    public static GrammarExpression Character(CharacterSet set)
    {
        var choices = new List<GrammarExpression>();
        var raw = set.Except(s_escaped);
        if (!raw.IsEmpty)
        {
            choices.Add(new Characters(raw));
        }

        foreach (var (low, high) in set.Intersect(s_escaped).Ranges)
        {
            for (var character = low; character <= high; character++)
            {
                choices.Add(Text(Escape((char)character)));
            }
        }

        return AnyOf(choices);
    }

    /// <summary>A text as it stands in a string.</summary>
    public static string Escape(string text) => string.Concat(text.Select(Escape));

    public static GrammarExpression Quoted(GrammarExpression content) => Of(Text("\""), content, Text("\""));

    private static string Escape(char character) => character switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\f' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        < ' ' => "\\u" + ((int)character).ToString("x4", CultureInfo.InvariantCulture),
        _ => character.ToString(),
    };
}
