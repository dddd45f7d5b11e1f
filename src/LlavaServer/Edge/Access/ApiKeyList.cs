namespace LlavaServer.Edge.Access;

/// <summary>Reads <c>name:key</c> and <c>name:key:admin</c>, separated by commas or lines. A line that begins with <c>#</c> is a comment.</summary>
internal static class ApiKeyList
{
    private const int MaxName = 64;
    private const string Admin = "admin";
    private static readonly char[] s_separators = [',', '\n', '\r'];

    /// <summary>The keys of a text. What is wrong is added to <paramref name="problems"/>, by place and name and never with a key in it.</summary>
    public static List<ApiKey> Read(string text, string source, List<string> problems)
    {
        var keys = new List<ApiKey>();
        var texts = new HashSet<string>();
        var entries = text.Split(s_separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(static entry => entry[0] != '#').ToList();
        for (var i = 0; i < entries.Count; i++)
        {
            var parts = entries[i].Split(':');
            if (parts.Length is not (2 or 3) || (parts.Length == 3 && parts[2] != Admin) || !IsName(parts[0]) || !IsKey(parts[1]))
            {
                problems.Add($"{source}: entry {i + 1} must be name:key or name:key:admin, of visible characters without commas and colons.");
            }
            else if (keys.Exists(key => key.Name == parts[0]) || !texts.Add(parts[1]))
            {
                problems.Add($"{source}: entry {i + 1} repeats a name or a key.");
            }
            else
            {
                keys.Add(new ApiKey(parts[0], parts[1], isAdmin: parts.Length == 3));
            }
        }

        return keys;
    }

    private static bool IsName(string text) =>
        text.Length is > 0 and <= MaxName && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');

    private static bool IsKey(string text) => text.Length > 0 && text.All(static c => c is > ' ' and <= '~');
}
