using System.Net;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Registry;

/// <summary>Where a model is in a registry. Immutable.</summary>
public sealed record RegistryAddress
{
    private static readonly string[] s_huggingFace = ["hf.co", "huggingface.co"];

    /// <param name="name">Its host is the registry's.</param>
    /// <param name="isInsecure">Plain HTTP.</param>
    public RegistryAddress(ModelName name, bool isInsecure)
    {
        ArgumentNullException.ThrowIfNull(name);
        Name = name;
        IsInsecure = isInsecure;
        Base = Uri.TryCreate($"{(isInsecure ? "http" : "https")}://{name.Host}/v2/{name.Namespace}/{name.Model}/", UriKind.Absolute, out var uri)
            && uri.IdnHost.Length > 0
            ? uri
            : throw new RegistryException($"the host '{name.Host}' is not the address of a registry");
    }

    public ModelName Name { get; }

    public bool IsInsecure { get; }

    /// <summary>What all routes of the model begin with.</summary>
    public Uri Base { get; }

    public Uri Manifest => new(Base, $"manifests/{Name.Tag}");

    /// <summary>
    /// Whether the host is written as an address of this machine or network: then it may be dialled, and only then may it lead to another one.
    /// </summary>
    /// <param name="isPublic">Tells public addresses from all others.</param>
    public bool IsInside(Func<IPAddress, bool> isPublic)
    {
        ArgumentNullException.ThrowIfNull(isPublic);
        return IPAddress.TryParse(Base.IdnHost, out var address)
            ? !isPublic(address)
            : Base.IdnHost.Equals("localhost", StringComparison.OrdinalIgnoreCase) || Base.IdnHost.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
    }

    public Uri Blob(Digest digest) => new(Base, $"blobs/{digest}");

    /// <summary>
    /// Whether a token of another host may be sent to this registry: only its own counts, or the token would be a stranger's to ask for (CVE-2025-51471).
    /// </summary>
    public bool Trusts(Uri realm)
    {
        ArgumentNullException.ThrowIfNull(realm);
        var isSame = realm.Authority.Equals(Base.Authority, StringComparison.OrdinalIgnoreCase)
            || (s_huggingFace.Contains(realm.Authority.ToLowerInvariant()) && s_huggingFace.Contains(Base.Authority.ToLowerInvariant()));
        return isSame && (realm.Scheme == Uri.UriSchemeHttps || IsInsecure);
    }
}
