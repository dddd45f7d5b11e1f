namespace LlavaServer.Models.Store;

/// <summary>One file of a model, as its manifest names it. Immutable.</summary>
/// <param name="MediaType">What it is: one of <see cref="LayerTypes"/>, or something that this version does not know.</param>
/// <param name="Digest">Which content it has.</param>
/// <param name="Size">Bytes.</param>
/// <param name="From">Model that it was taken over from, if the manifest says so.</param>
/// <param name="Name">Name of the tensor or file, if the manifest says so.</param>
public sealed record ManifestLayer(string MediaType, Digest Digest, long Size, string? From = null, string? Name = null);
