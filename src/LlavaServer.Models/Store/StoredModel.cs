namespace LlavaServer.Models.Store;

/// <summary>A model in the store, as it was when it was read. Immutable.</summary>
/// <param name="Name">Spelt as its folders and file are.</param>
/// <param name="Manifest">What it consists of.</param>
/// <param name="ModifiedAt">When the manifest was written.</param>
public sealed record StoredModel(ModelName Name, ModelManifest Manifest, DateTimeOffset ModifiedAt);
