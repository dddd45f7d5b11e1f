namespace LlavaServer.Models.Store;

/// <summary>What the store held when it was read. Immutable.</summary>
/// <param name="Models">All models whose manifests can be read.</param>
/// <param name="Unreadable">Files in the place of manifests that are none, from the folder <c>manifests</c> on. While there is one, no blob is surely unused.</param>
public sealed record StoreContents(IReadOnlyList<StoredModel> Models, IReadOnlyList<string> Unreadable);
