namespace LlavaServer.Models.Store;

/// <summary>Why something could not be done in the store.</summary>
public enum StoreError
{
    /// <summary>The content has another digest than the one that was announced. Nothing was kept.</summary>
    DigestMismatch,

    /// <summary>The disk is full, or a quota is used up. Nothing was kept.</summary>
    DiskFull,

    /// <summary>A manifest is not one: damaged, too large, or with a digest that is none.</summary>
    InvalidManifest,

    /// <summary>A manifest names a blob that is not there, or that has another size.</summary>
    MissingBlob,

    /// <summary>The store may not be written (setting), or the file system does not allow it.</summary>
    ReadOnly,

    /// <summary>Other processes change the store for longer than anybody wants to wait.</summary>
    Busy,
}
