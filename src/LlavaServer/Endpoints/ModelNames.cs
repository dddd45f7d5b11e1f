namespace LlavaServer.Endpoints;

/// <summary>Spelling of model names towards callers.</summary>
internal static class ModelNames
{
    private const string DefaultTag = ":latest";
    private const int MaxEcho = 128;

    /// <summary>The name without the tag that goes without saying.</summary>
    public static string Display(string name) => name.EndsWith(DefaultTag, StringComparison.Ordinal) ? name[..^DefaultTag.Length] : name;

    /// <summary>A caller's text, fit to be repeated to the caller: short and without control characters.</summary>
    public static string Echo(string name) =>
        string.Concat(name.Take(MaxEcho).Select(static c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
}
