namespace LlavaServer.Models.Store;

/// <summary>What a removal did to the blobs. Immutable.</summary>
/// <param name="Count">Blobs that are gone.</param>
/// <param name="Bytes">Their bytes together.</param>
/// <param name="KeptBecause">Why blobs stayed that nobody is known to need; null when none did. A later clean-up looks at them again.</param>
public sealed record RemovedBlobs(int Count, long Bytes, string? KeptBecause = null);
