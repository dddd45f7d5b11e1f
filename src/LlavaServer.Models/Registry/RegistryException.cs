namespace LlavaServer.Models.Registry;

/// <summary>A registry that could not be reached, refused, or answered what no registry answers. The message says which. It quotes what
/// a public registry says of itself, and nothing of what is inside this network.</summary>
public sealed class RegistryException(string message, bool mayPass = false, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The same request may be answered in a moment.</summary>
    public bool MayPass { get; } = mayPass;
}
