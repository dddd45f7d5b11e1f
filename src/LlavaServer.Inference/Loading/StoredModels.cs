using System.Collections.Concurrent;
using LlavaServer.Models.Store;
using Microsoft.Extensions.Logging;

namespace LlavaServer.Inference.Loading;

/// <summary>
/// The models of the store as entries. Every call looks at the disk, so a model that came or went is seen at once; what was read of its files is kept as
/// long as its manifest stays the same. Thread-safe; one for the process.
/// </summary>
public sealed partial class StoredModels(ModelStore store, ILogger<StoredModels> logger)
{
    private readonly ConcurrentDictionary<(string Name, Digest Manifest, DateTimeOffset ModifiedAt), ModelEntry> _entries = new();
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromSeconds(2);
    private HashSet<string> _warned = [];
    private volatile bool _isReadable = true;
    private long _lookedAt;

    public ModelStore Store => store;

    /// <summary>
    /// Whether the folder of manifests could be read when all models were last looked at, at the latest at start; one that is not there can. After a
    /// failure this looks again, every few seconds at most.
    /// </summary>
    public bool IsReadable
    {
        get
        {
            if (!_isReadable && TimeProvider.System.GetElapsedTime(Interlocked.Read(ref _lookedAt)) > s_lookAgain)
            {
                All();
            }

            return _isReadable;
        }
    }

    /// <summary>All models, those that cannot be served too.</summary>
    public IReadOnlyList<ModelEntry> All()
    {
        var contents = store.Read();
        Warn(contents.Unreadable);
        Interlocked.Exchange(ref _lookedAt, TimeProvider.System.GetTimestamp());
        _isReadable = !contents.Unreadable.Contains("");
        var entries = contents.Models.Select(EntryOf).ToList();
        var present = contents.Models.Select(KeyOf).ToHashSet();
        foreach (var gone in _entries.Keys.Where(key => !present.Contains(key)))
        {
            _entries.TryRemove(gone, out _);
        }

        return entries;
    }

    /// <summary>A model by its name, without regard to case; null when there is none, or when its manifest cannot be read.</summary>
    public ModelEntry? Find(ModelName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        try
        {
            while (store.Find(name) is { } model)
            {
                var entry = EntryOf(model);

                // What seems to lack files may have been deleted or replaced meanwhile.
                if (entry.Unusable is null || store.Find(name)?.Manifest.Digest == model.Manifest.Digest)
                {
                    return entry;
                }
            }

            return null;
        }
        catch (Exception exception) when (exception is StoreException or IOException or UnauthorizedAccessException)
        {
            // Whoever lists the models is told in the log.
            return null;
        }
    }

    private ModelEntry EntryOf(StoredModel model)
    {
        var key = KeyOf(model);
        if (_entries.TryGetValue(key, out var known) && HasItsFiles(known))
        {
            return known;
        }

        var entry = ModelEntry.FromStore(model, store.Blobs);
        if (entry.Unusable is null)
        {
            _entries[key] = entry;
        }

        return entry;
    }

    private static (string Name, Digest Manifest, DateTimeOffset ModifiedAt) KeyOf(StoredModel model) => (model.Name.Full, model.Manifest.Digest, model.ModifiedAt);

    private static bool HasItsFiles(ModelEntry entry) =>
        File.Exists(entry.Files.ModelPath) && (entry.Files.MmprojPath is null || File.Exists(entry.Files.MmprojPath)) && entry.Files.AdapterPaths.All(File.Exists);

    // Once for each file, however often the store is looked at.
    private void Warn(IReadOnlyList<string> unreadable)
    {
        foreach (var path in unreadable.Except(_warned))
        {
            Log.Unreadable(logger, path, "it is no manifest, or cannot be read");
        }

        _warned = [.. unreadable];
    }

    private static partial class Log
    {
        [LoggerMessage(7, LogLevel.Warning, "The store's manifest {Path} is passed over: {Reason}")]
        public static partial void Unreadable(ILogger logger, string path, string reason);
    }
}
