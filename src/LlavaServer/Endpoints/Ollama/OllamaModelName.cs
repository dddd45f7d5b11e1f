using System.Text.RegularExpressions;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// A model's name in Ollama's grammar, <c>[scheme://][host/][namespace/]model[:tag]</c>, with its defaults filled in. Immutable. Separators without
/// something on both sides make no name, and no part begins with a dot, so no name is a path.
/// </summary>
internal sealed partial record OllamaModelName(string Host, string Namespace, string Model, string Tag)
{
    public const string DefaultHost = "registry.ollama.ai";
    public const string DefaultNamespace = "library";
    public const string DefaultTag = "latest";

    /// <summary>Default host and namespace dropped, tag always shown: <c>llava:latest</c>.</summary>
    public string Display
    {
        get
        {
            var isDefaultHost = Host.Equals(DefaultHost, StringComparison.OrdinalIgnoreCase);
            var isDefaultNamespace = Namespace.Equals(DefaultNamespace, StringComparison.OrdinalIgnoreCase);
            return !isDefaultHost ? Full : isDefaultNamespace ? $"{Model}:{Tag}" : $"{Namespace}/{Model}:{Tag}";
        }
    }

    /// <summary>All four parts.</summary>
    public string Full => $"{Host}/{Namespace}/{Model}:{Tag}";

    /// <summary>Null for a text that is no name.</summary>
    public static OllamaModelName? Parse(string text)
    {
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        var rest = scheme >= 0 ? text[(scheme + 3)..] : text;
        var tag = DefaultTag;
        var colon = rest.LastIndexOf(':');
        if (colon > rest.LastIndexOf('/'))
        {
            tag = rest[(colon + 1)..];
            rest = rest[..colon];
        }

        // At most three parts: the host is everything before the last two.
        var parts = rest.Split('/');
        var name = parts.Length switch
        {
            1 => new OllamaModelName(DefaultHost, DefaultNamespace, parts[0], tag),
            2 => new OllamaModelName(DefaultHost, parts[0], parts[1], tag),
            3 => new OllamaModelName(parts[0], parts[1], parts[2], tag),
            _ => null,
        };
        return name is not null && HostPattern().IsMatch(name.Host) && NamespacePattern().IsMatch(name.Namespace)
            && ModelPattern().IsMatch(name.Model) && ModelPattern().IsMatch(name.Tag) ? name : null;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}\z")]
    private static partial Regex HostPattern();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_-]{0,79}\z")]
    private static partial Regex NamespacePattern();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}\z")]
    private static partial Regex ModelPattern();
}
