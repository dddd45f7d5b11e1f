namespace LlavaServer.Inference.Prompting.Jinja;

/// <content>Strings.</content>
internal static partial class JinjaMethods
{
    private static Func<JinjaArguments, object?>? OfText(JinjaText text, string name) => name switch
    {
        "strip" => a => JinjaTexts.Strip(text, a.OptionalText(0, "chars"), true, true),
        "lstrip" => a => JinjaTexts.Strip(text, a.OptionalText(0, "chars"), true, false),
        "rstrip" => a => JinjaTexts.Strip(text, a.OptionalText(0, "chars"), false, true),
        "split" => a => JinjaTexts.Split(text, a.OptionalText(0, "sep"), a.Integer(1, "maxsplit", -1), a.Budget),
        "rsplit" => a => JinjaTexts.SplitFromEnd(text, a.OptionalText(0, "sep"), a.Integer(1, "maxsplit", -1), a.Budget),
        "splitlines" => a => JinjaTexts.Lines(text, a.Flag(0, "keepends"), a.Budget),
        "partition" => a => JinjaTexts.Partition(text, a.Text(0, "sep"), fromEnd: false),
        "rpartition" => a => JinjaTexts.Partition(text, a.Text(0, "sep"), fromEnd: true),
        "startswith" => a => AnyOf(a, part => text.Value.StartsWith(part, StringComparison.Ordinal)),
        "endswith" => a => AnyOf(a, part => text.Value.EndsWith(part, StringComparison.Ordinal)),
        "removeprefix" => a => text.Value.StartsWith(a.Text(0, "prefix").Value, StringComparison.Ordinal) ? text.Slice(a.Text(0, "prefix").Length) : text,
        "removesuffix" => a => text.Value.EndsWith(a.Text(0, "suffix").Value, StringComparison.Ordinal)
            ? text.Slice(0, text.Length - a.Text(0, "suffix").Length)
            : text,
        "replace" => a => JinjaTexts.Replace(text, a.Text(0, "old"), a.Text(1, "new"), a.Integer(2, "count", -1), a.Budget),
        "find" => a => (long)text.Value.IndexOf(a.Text(0, "sub").Value, StringComparison.Ordinal),
        "rfind" => a => (long)text.Value.LastIndexOf(a.Text(0, "sub").Value, StringComparison.Ordinal),
        "count" => a => a.Text(0, "sub") is { Length: > 0 } part ? JinjaTexts.Split(text, part, -1, a.Budget).Items.Count - 1L : text.Count + 1L,
        "upper" => a => Counted(text, a).Map(static s => s.ToUpperInvariant()),
        "lower" => a => Counted(text, a).Map(static s => s.ToLowerInvariant()),
        "title" => a => JinjaTexts.Title(Counted(text, a)),
        "capitalize" => a => JinjaTexts.Capitalize(Counted(text, a)),
        "format" => a => JinjaFormat.Braces(text, a),
        "join" => a => JinjaTexts.Join(JinjaValues.Items(a.Require(0, "iterable"), a.Budget), text, a.Budget),
        "isdigit" or "isnumeric" or "isdecimal" => a => All(text, a, char.IsDigit),
        "isalpha" => a => All(text, a, char.IsLetter),
        "isalnum" => a => All(text, a, char.IsLetterOrDigit),
        "isspace" => a => All(text, a, char.IsWhiteSpace),
        "isupper" => a => Counted(text, a).Value.Any(char.IsUpper) && !text.Value.Any(char.IsLower),
        "islower" => a => Counted(text, a).Value.Any(char.IsLower) && !text.Value.Any(char.IsUpper),
        _ => null,
    };

    private static JinjaText Counted(JinjaText text, JinjaArguments arguments)
    {
        arguments.Budget.Text(text.Length);
        return text;
    }

    private static bool All(JinjaText text, JinjaArguments arguments, Func<char, bool> holds) =>
        text.Length > 0 && Counted(text, arguments).Value.All(holds);

    private static bool AnyOf(JinjaArguments arguments, Predicate<string> holds) => arguments.Require(0, "prefix") switch
    {
        JinjaText part => holds(part.Value),
        JinjaList parts => parts.Items.Exists(p => p is JinjaText part && holds(part.Value)),
        var other => throw JinjaFault.Value($"a string cannot start or end with a {JinjaValues.KindOf(other)}"),
    };
}
