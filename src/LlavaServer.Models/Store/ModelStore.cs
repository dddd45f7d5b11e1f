namespace LlavaServer.Models.Store;

/// <summary>
/// Models on disk in Ollama's layout: manifests that name blobs. Nothing is remembered between calls, so what another process, or Ollama, changed is seen
/// at once. Thread-safe, and safe for several processes on one folder: a process that is killed at any moment leaves whole files only, and its work can be
/// repeated. Methods throw <see cref="StoreException"/> for what a user can do something about, and <see cref="IOException"/> for a broken disk.
/// </summary>
public sealed partial class ModelStore
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly ManifestFolder _manifests;

    /// <param name="root">Folder of the store; it need not exist.</param>
    /// <param name="isReadOnly">Whether nothing in it may be changed.</param>
    public ModelStore(string root, bool isReadOnly = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        Root = Path.GetFullPath(root);
        _manifests = new ManifestFolder(Path.Combine(Root, "manifests"));
        Blobs = new BlobStore(Path.Combine(Root, "blobs"));
        IsReadOnly = isReadOnly;
    }

    /// <summary>Its folder, as a whole path.</summary>
    public string Root { get; }

    public bool IsReadOnly { get; }

    public BlobStore Blobs { get; }

    /// <summary>Bytes that the store's disk has left for us; null when it does not say.</summary>
    public long? FreeBytes
    {
        get
        {
            try
            {
                var place = Root;
                while (!Directory.Exists(place) && Path.GetDirectoryName(place) is { } parent)
                {
                    place = parent;
                }

                return new DriveInfo(place).AvailableFreeSpace;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
            {
                return null;
            }
        }
    }

    /// <summary>All models of the store, and what is there instead of a manifest.</summary>
    public StoreContents Read()
    {
        var models = new List<StoredModel>();
        var unreadable = new List<string>();
        foreach (var (name, path) in _manifests.Files())
        {
            try
            {
                if (name is null)
                {
                    unreadable.Add(path);
                }
                else if (_manifests.Read(name) is { } file)
                {
                    models.Add(new StoredModel(name, ModelManifest.Parse(file.Bytes), file.ModifiedAt));
                }
            }
            catch (Exception exception) when (exception is StoreException or IOException or UnauthorizedAccessException)
            {
                unreadable.Add(path);
            }
        }

        return new StoreContents(models, unreadable);
    }

    /// <summary>The name as the store spells it, part by part; parts that are not there stay as they are.</summary>
    public ModelName Spelling(ModelName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _manifests.Spelling(name);
    }

    /// <summary>A model by its name without regard to case; null when there is none. Throws for a manifest that cannot be read.</summary>
    public StoredModel? Find(ModelName name)
    {
        var spelt = Spelling(name);
        try
        {
            return _manifests.Read(spelt) is { } file ? new StoredModel(spelt, ModelManifest.Parse(file.Bytes), file.ModifiedAt) : null;
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new StoreException(StoreError.InvalidManifest, "the manifest cannot be read", exception);
        }
    }

    /// <summary>
    /// Keeps blobs from being removed, in all processes, until it is disposed: from before the first look whether a blob is there until the manifest that
    /// names it is written.
    /// </summary>
    public StoreLock BeginAdding()
    {
        CheckWritable();
        return StoreLock.TryTake(Root, StoreLock.Blobs, isExclusive: false, s_patience) ?? throw Busy();
    }

    /// <summary>
    /// Gives a model a name, in place of the one that had it. Its blobs have to be there. What only the former model used stays:
    /// <see cref="RemoveUnused"/> takes its digests.
    /// </summary>
    /// <returns>The name as the store spells it, and the model that had it before, or null.</returns>
    public (ModelName Name, ModelManifest? Former) Write(ModelName name, ModelManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(manifest);
        using var adding = BeginAdding();
        foreach (var layer in manifest.Files)
        {
            if (Blobs.LengthOf(layer.Digest) != layer.Size)
            {
                throw new StoreException(StoreError.MissingBlob, $"the file {layer.Digest} is not in the store, or has not {layer.Size} bytes");
            }
        }

        return Name(name, manifest);
    }

    /// <summary>Gives a model a second name. False when there is no such model.</summary>
    public bool Copy(ModelName source, ModelName destination)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        ModelManifest? former;
        using (BeginAdding())
        {
            if (Find(source) is not { } model)
            {
                return false;
            }

            if (model.Name.IsSame(destination))
            {
                return true;
            }

            former = Name(destination, model.Manifest).Former;
        }

        if (former is not null)
        {
            RemoveUnused(former.Files.Select(static layer => layer.Digest));
        }

        return true;
    }

    // Under the lock of those who add.
    private (ModelName Name, ModelManifest? Former) Name(ModelName name, ModelManifest manifest)
    {
        using var naming = StoreLock.TryTake(Root, StoreLock.Names, isExclusive: true, s_patience) ?? throw Busy();
        var spelt = Spelling(name);
        var former = TryFind(spelt)?.Manifest;
        if (former?.Digest != manifest.Digest)
        {
            _manifests.Write(spelt, manifest.Bytes.Span);
        }

        return (spelt, former);
    }

    // What cannot be read is replaced, and its blobs stay.
    private StoredModel? TryFind(ModelName name)
    {
        try
        {
            return Find(name);
        }
        catch (StoreException)
        {
            return null;
        }
    }

    private void CheckWritable()
    {
        if (IsReadOnly)
        {
            throw new StoreException(StoreError.ReadOnly, "the model store is read-only (Models:ReadOnly)");
        }
    }

    private static StoreException Busy() => new(StoreError.Busy, "the model store is being changed by another process");
}
