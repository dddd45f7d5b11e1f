using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace LlavaServer.Models.Store;

/// <summary>
/// A model's name in Ollama's grammar, <c>[scheme://][host/][namespace/]model[:tag]</c>, with its defaults filled in, and the only way to the place of
/// its manifest. Immutable. Separators without something on both sides make no name, and no part begins with a dot, so no name leads out of the store.
/// Two names are the same model when <see cref="IsSame"/> says so; equality is that of the spelling.
/// </summary>
public sealed partial record ModelName
{
    public const string DefaultHost = "registry.ollama.ai";
    public const string DefaultNamespace = "library";
    public const string DefaultTag = "latest";

    private ModelName(string host, string @namespace, string model, string tag)
    {
        Host = host;
        Namespace = @namespace;
        Model = model;
        Tag = tag;
    }

    public string Host { get; }

    public string Namespace { get; }

    public string Model { get; }

    public string Tag { get; }

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

    /// <summary>Host, namespace, model, tag: the folders and the file of the manifest.</summary>
    public IReadOnlyList<string> Parts => [Host, Namespace, Model, Tag];

    /// <summary>False for a text that is no name, or that has a scheme other than <c>http</c> and <c>https</c>.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out ModelName? name)
    {
        name = null;
        if (text is null)
        {
            return false;
        }

        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0 && text[..scheme].ToLowerInvariant() is not ("http" or "https"))
        {
            return false;
        }

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
        return parts.Length switch
        {
            1 => TryFromParts(DefaultHost, DefaultNamespace, parts[0], tag, out name),
            2 => TryFromParts(DefaultHost, parts[0], parts[1], tag, out name),
            3 => TryFromParts(parts[0], parts[1], parts[2], tag, out name),
            _ => false,
        };
    }

    /// <summary>False when one of the parts is not allowed in its place.</summary>
    public static bool TryFromParts(string host, string @namespace, string model, string tag, [NotNullWhen(true)] out ModelName? name)
    {
        name = HostPattern().IsMatch(host) && NamespacePattern().IsMatch(@namespace) && ModelPattern().IsMatch(model) && ModelPattern().IsMatch(tag)
            && !(OperatingSystem.IsWindows() && (IsNoFileOnWindows(host) || IsNoFileOnWindows(@namespace) || IsNoFileOnWindows(model) || IsNoFileOnWindows(tag)))
            ? new ModelName(host, @namespace, model, tag)
            : null;
        return name is not null;
    }

    /// <summary>Whether both are the same model, part by part without regard to case.</summary>
    public bool IsSame(ModelName other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Full.Equals(other.Full, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The full name.</summary>
    public override string ToString() => Full;

    /// <summary>Windows takes such a file for a device, or drops its last dot, or has another use for the colon.</summary>
    internal static bool IsNoFileOnWindows(string part) => part.EndsWith('.') || part.Contains(':', StringComparison.Ordinal) || DevicePattern().IsMatch(part);

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}\z")]
    private static partial Regex HostPattern();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_-]{0,79}\z")]
    private static partial Regex NamespacePattern();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}\z")]
    private static partial Regex ModelPattern();

    [GeneratedRegex(@"\A(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\z)", RegexOptions.IgnoreCase)]
    private static partial Regex DevicePattern();
}
