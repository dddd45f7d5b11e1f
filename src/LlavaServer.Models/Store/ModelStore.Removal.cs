namespace LlavaServer.Models.Store;

// What goes away. Blobs are removed by one process at a time, while nobody adds, and only after the disk knows that no manifest names them.
public sealed partial class ModelStore
{
    // Ollama's: blobs that were uploaded and not yet used are younger.
    private static readonly TimeSpan s_grace = TimeSpan.FromHours(1);

    private static readonly TimeSpan s_partialLife = TimeSpan.FromDays(7);
    private static readonly TimeSpan s_removalPatience = TimeSpan.FromSeconds(2);
    private const string Partial = "-partial";
    private const string Unsure = "a manifest in the store cannot be read, so no file is surely unused";
    private const string Adding = "others are adding to the store";

    /// <summary>Removes a model, and the blobs that no other model names. Null when there is no such model.</summary>
    public RemovedBlobs? Delete(ModelName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        CheckWritable();
        var spelt = Spelling(name);
        var model = TryFind(spelt);
        return _manifests.Remove(spelt) ? RemoveUnused(model?.Manifest.Files.Select(static layer => layer.Digest) ?? []) : null;
    }

    /// <summary>Removes those of some blobs that no model names; none while a manifest cannot be read or somebody adds to the store for long.</summary>
    public RemovedBlobs RemoveUnused(IEnumerable<Digest> digests)
    {
        CheckWritable();
        var candidates = digests.ToHashSet();
        if (candidates.Count == 0)
        {
            return new RemovedBlobs(0, 0);
        }

        using var removing = StoreLock.TryTake(Root, StoreLock.Blobs, isExclusive: true, s_removalPatience);
        if (removing is null)
        {
            return new RemovedBlobs(0, 0, Adding);
        }

        if (InUse() is not { } used)
        {
            return new RemovedBlobs(0, 0, Unsure);
        }

        return Remove(candidates.Where(digest => !used.Contains(digest)).Select(digest => new FileInfo(Blobs.PathOf(digest))));
    }

    /// <summary>
    /// Cleans up as at a start: blobs without a model that are older than an hour, unfinished downloads older than a week, what killed processes left, and
    /// empty folders. Files that are none of these stay.
    /// </summary>
    public RemovedBlobs Prune(DateTimeOffset now)
    {
        CheckWritable();
        if (!Directory.Exists(Root))
        {
            return new RemovedBlobs(0, 0);
        }

        using var removing = StoreLock.TryTake(Root, StoreLock.Blobs, isExclusive: true, s_removalPatience);
        if (removing is null)
        {
            return new RemovedBlobs(0, 0, Adding);
        }

        _manifests.CleanUp(now - s_grace);
        var files = Directory.Exists(Blobs.Folder) ? new DirectoryInfo(Blobs.Folder).GetFiles() : [];
        var stale = files.Where(file => TemporaryFiles.IsTemporary(file.Name) && file.LastWriteTimeUtc < now - s_grace);
        if (InUse() is not { } used)
        {
            return Remove(stale) with { KeptBecause = Unsure };
        }

        var unused = files.Where(file => Digest.TryParse(file.Name, out var digest) && !used.Contains(digest) && file.LastWriteTimeUtc < now - s_grace);
        var abandoned = files.Where(static file => IsPartial(file.Name)).GroupBy(static file => file.Name[..file.Name.IndexOf(Partial, StringComparison.Ordinal)])
            .Where(group => group.Max(static file => file.LastWriteTimeUtc) < now - s_partialLife).SelectMany(static group => group);
        return Remove(stale.Concat(unused).Concat(abandoned));
    }

    /// <summary>Gives the blobs of very old stores, <c>sha256:...</c>, the names that they have had since.</summary>
    public void RenameOldBlobs()
    {
        if (IsReadOnly || OperatingSystem.IsWindows() || !Directory.Exists(Blobs.Folder))
        {
            return;
        }

        foreach (var file in new DirectoryInfo(Blobs.Folder).GetFiles("sha256:*"))
        {
            if (Digest.TryParse(file.Name, out var digest) && !File.Exists(Blobs.PathOf(digest)))
            {
                file.MoveTo(Blobs.PathOf(digest));
            }
        }
    }

    // Null when a manifest cannot be read.
    private HashSet<Digest>? InUse()
    {
        var contents = Read();
        return contents.Unreadable.Count > 0
            ? null
            : [.. contents.Models.SelectMany(static model => model.Manifest.Files).Select(static layer => layer.Digest)];
    }

    private static bool IsPartial(string name)
    {
        var at = name.IndexOf(Partial, StringComparison.Ordinal);
        return at > 0 && Digest.TryParse(name[..at], out _);
    }

    private RemovedBlobs Remove(IEnumerable<FileInfo> files)
    {
        var (count, bytes) = (0, 0L);
        foreach (var file in files)
        {
            try
            {
                var length = file.Exists ? file.Length : 0;
                if (file.Exists || file.LinkTarget is not null)
                {
                    file.Delete();
                    (count, bytes) = (count + 1, bytes + length);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Somebody has it open (Windows), or may not remove it: it stays for the next time.
            }
        }

        if (count > 0)
        {
            Durability.FlushFolder(Blobs.Folder);
        }

        return new RemovedBlobs(count, bytes);
    }
}
