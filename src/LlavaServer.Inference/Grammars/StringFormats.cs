namespace LlavaServer.Inference.Grammars;

/// <summary>Formats of strings that are held, as patterns: each writes only values that every validator takes, not all that there are.</summary>
internal static class StringFormats
{
    private const string Date =
        "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))";

    private const string Time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])";
    private const string Byte = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private const string Label = "[a-z0-9]([a-z0-9]{0,20}[a-z0-9])?";
    private const string Host = Label + "(\\." + Label + "){1,3}";
    private const string Path = "(/[A-Za-z0-9._~-]{1,30}){0,6}";

    private static readonly Dictionary<string, string> s_patterns = new(StringComparer.Ordinal)
    {
        ["date"] = Date,
        ["time"] = Time,
        ["date-time"] = $"({Date})T({Time})",
        ["duration"] = "P([1-9][0-9]{0,3}D|T[1-9][0-9]{0,3}[HMS]|[1-9][0-9]{0,2}W|[1-9][0-9]{0,2}Y)",
        ["email"] = "[a-z0-9]{1,20}([._+-][a-z0-9]{1,20}){0,2}@" + Host,
        ["idn-email"] = "[a-z0-9]{1,20}([._+-][a-z0-9]{1,20}){0,2}@" + Host,
        ["hostname"] = Host,
        ["idn-hostname"] = Host,
        ["ipv4"] = $"{Byte}(\\.{Byte}){{3}}",
        ["ipv6"] = "[0-9a-f]{1,4}(:[0-9a-f]{1,4}){7}",
        ["uuid"] = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        ["uri"] = "https?://" + Host + Path,
        ["uri-reference"] = "https?://" + Host + Path,
        ["iri"] = "https?://" + Host + Path,
        ["iri-reference"] = "https?://" + Host + Path,
        ["json-pointer"] = "(/[A-Za-z0-9._-]{0,30}){0,6}",
    };

    /// <summary>A pattern of the whole string, or null: the format is not known, and says nothing.</summary>
    public static string? PatternOf(string format) => s_patterns.TryGetValue(format, out var pattern) ? $"^({pattern})$" : null;
}
