namespace LlavaServer.Models.Store;

/// <summary>
/// The folder <c>manifests</c> of a store: a file per model at <c>host/namespace/model/tag</c>. Names are matched without regard to case, and the existing
/// spelling counts. Thread-safe, for any number of processes: files are replaced and removed whole.
/// </summary>
internal sealed class ManifestFolder(string folder)
{
    private const int Depth = 4;
    private const int Attempts = 20;

    public string Path => folder;

    /// <summary>The name as the store spells it: each part like the first existing one that is the same but for its case.</summary>
    public ModelName Spelling(ModelName name)
    {
        var parts = name.Parts.ToArray();
        var place = folder;
        for (var i = 0; i < Depth; i++)
        {
            var isFile = i == Depth - 1;
            var path = System.IO.Path.Combine(place, parts[i]);
            if (isFile ? !File.Exists(path) : !Directory.Exists(path))
            {
                var existing = Entries(place)?.FirstOrDefault(entry => (entry is FileInfo) == isFile && entry.Name.Equals(parts[i], StringComparison.OrdinalIgnoreCase));
                if (existing is null)
                {
                    break;
                }

                parts[i] = existing.Name;
            }

            place = System.IO.Path.Combine(place, parts[i]);
        }

        return ModelName.TryFromParts(parts[0], parts[1], parts[2], parts[3], out var spelt) ? spelt : name;
    }

    /// <summary>Bytes and time of a manifest, spelt as given; null when there is none. Throws <see cref="StoreException"/> for one that is too large.</summary>
    public (byte[] Bytes, DateTimeOffset ModifiedAt)? Read(ModelName name)
    {
        try
        {
            var path = PathOf(name);
            if (!IsInside(path))
            {
                return null;
            }

            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            if (file.Length > ModelManifest.MaxBytes)
            {
                throw new StoreException(StoreError.InvalidManifest, $"the manifest is not usable: it has more than {ModelManifest.MaxBytes} bytes");
            }

            var bytes = new byte[file.Length];
            var count = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return (bytes[..count], File.GetLastWriteTimeUtc(file.SafeFileHandle));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>
    /// All files in the place of a manifest. Without a name are those that are none of ours and may yet mean something to somebody: names that are not
    /// allowed, folders that cannot be read, links that lead out of the store.
    /// </summary>
    public IEnumerable<(ModelName? Name, string Path)> Files() => Walk(folder, []);

    /// <summary>Puts a manifest in its place, whole or not at all. Throws <see cref="StoreException"/>.</summary>
    public void Write(ModelName name, ReadOnlySpan<byte> bytes)
    {
        var path = PathOf(name);
        var place = System.IO.Path.GetDirectoryName(path)!;
        var temporary = System.IO.Path.Combine(place, TemporaryFiles.NewName(""));
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Directory.CreateDirectory(place);
                using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
                {
                    file.Write(bytes);
                    file.Flush(flushToDisk: true);
                }

                File.Move(temporary, path, overwrite: true);
                foreach (var parent in Enumerable.Range(0, Depth).Select(up => Up(place, up)))
                {
                    Durability.FlushFolder(parent);
                }

                return;
            }
            catch (DirectoryNotFoundException) when (attempt < Attempts)
            {
                // Somebody removed the folder while it was empty.
            }
            catch (Exception exception) when (StoreFailure.From(exception) is { } failure)
            {
                TemporaryFiles.Remove(temporary);
                throw failure;
            }
            catch
            {
                TemporaryFiles.Remove(temporary);
                throw;
            }
        }
    }

    /// <summary>Removes a manifest and the folders that it leaves empty. False when it was not there. Throws <see cref="StoreException"/>.</summary>
    public bool Remove(ModelName name)
    {
        var path = PathOf(name);
        try
        {
            if (!File.Exists(path))
            {
                return false;
            }

            File.Delete(path);
            var place = System.IO.Path.GetDirectoryName(path)!;
            Durability.FlushFolder(place);
            RemoveIfEmpty(place, Depth - 1);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return false;
        }
        catch (Exception exception) when (StoreFailure.From(exception) is { } failure)
        {
            throw failure;
        }
    }

    /// <summary>Removes temporary files that nobody wrote to since a moment, and empty folders.</summary>
    public void CleanUp(DateTimeOffset before)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, MaxRecursionDepth = Depth - 2 };
        foreach (var place in Directory.EnumerateDirectories(folder, "*", options).OrderByDescending(static place => place.Length).ToList())
        {
            foreach (var entry in Entries(place, withHidden: true) ?? [])
            {
                if (entry is FileInfo && TemporaryFiles.IsTemporary(entry.Name) && entry.LastWriteTimeUtc < before)
                {
                    TemporaryFiles.Remove(entry.FullName);
                }
            }

            RemoveIfEmpty(place, 1);
        }
    }

    private string PathOf(ModelName name)
    {
        var path = System.IO.Path.GetFullPath(System.IO.Path.Combine([folder, .. name.Parts]));
        return path.StartsWith(System.IO.Path.GetFullPath(folder) + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? path
            : throw new ArgumentException("The name leads out of the store.", nameof(name));
    }

    // Whether file and folders are no links that lead out of the store.
    private bool IsInside(string path) =>
        StaysInside(new FileInfo(path)) && Enumerable.Range(1, Depth - 1).All(up => StaysInside(new DirectoryInfo(Up(path, up))));

    private static string Up(string path, int levels)
    {
        for (var i = 0; i < levels; i++)
        {
            path = System.IO.Path.GetDirectoryName(path)!;
        }

        return path;
    }

    private static void RemoveIfEmpty(string place, int levels)
    {
        for (; levels > 0; levels--)
        {
            try
            {
                Directory.Delete(place);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return;
            }

            place = System.IO.Path.GetDirectoryName(place)!;
        }
    }

    private IEnumerable<(ModelName? Name, string Path)> Walk(string place, string[] parts)
    {
        var relative = string.Join('/', parts);
        if (Entries(place) is not { } entries)
        {
            yield return (null, relative);
            yield break;
        }

        foreach (var entry in entries)
        {
            string[] inner = [.. parts, entry.Name];
            if (!StaysInside(entry))
            {
                yield return (null, string.Join('/', inner));
            }
            else if (inner.Length < Depth && entry is DirectoryInfo)
            {
                foreach (var file in Walk(entry.FullName, inner))
                {
                    yield return file;
                }
            }
            else if (inner.Length == Depth && entry is FileInfo)
            {
                _ = ModelName.TryFromParts(inner[0], inner[1], inner[2], inner[3], out var name);
                yield return (name, string.Join('/', inner));
            }
        }
    }

    // In their order, without those that begin with a dot: no name does. Null when the folder cannot be read.
    private static FileSystemInfo[]? Entries(string place, bool withHidden = false)
    {
        try
        {
            return
            [
                .. new DirectoryInfo(place).EnumerateFileSystemInfos()
                    .Where(entry => withHidden || entry.Name[0] != '.').OrderBy(static entry => entry.Name, StringComparer.Ordinal),
            ];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // A link may give a model a second name, but nothing outside the store becomes a part of it.
    private bool StaysInside(FileSystemInfo entry) => entry.LinkTarget is null
        || (entry.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true } target
            && target.FullName.StartsWith(System.IO.Path.GetFullPath(folder) + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal));
}
