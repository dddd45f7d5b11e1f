using LlavaServer.Models.Store;

namespace LlavaServer.Inference.Loading;

/// <summary>
/// The models that this process serves, found by name: those that the settings name or that come with the server, then those of the store. Thread-safe.
/// </summary>
public sealed class ModelCatalog
{
    private const string DefaultTag = ":latest";
    private readonly Dictionary<string, ModelEntry> _byName = new(StringComparer.OrdinalIgnoreCase);
    private readonly StoredModels? _stored;

    /// <param name="entries">Models in the order in which they are listed; names with and without <c>:latest</c> are the same name.</param>
    /// <param name="stored">Further models; one with the name of an entry is hidden by it. Null for none.</param>
    public ModelCatalog(IEnumerable<ModelEntry> entries, StoredModels? stored = null)
    {
        _stored = stored;
        ArgumentNullException.ThrowIfNull(entries);
        Entries = [.. entries];
        foreach (var entry in Entries)
        {
            if (!_byName.TryAdd(WithTag(entry.Name), entry))
            {
                throw new ArgumentException($"Two models are named {entry.Name}.", nameof(entries));
            }
        }
    }

    /// <summary>The models that are there whatever the store holds.</summary>
    public IReadOnlyList<ModelEntry> Entries { get; }

    /// <summary>Every model, as the disk has them now.</summary>
    public IReadOnlyList<ModelEntry> All() =>
        _stored is null ? Entries : [.. Entries, .. _stored.All().Where(model => !_byName.ContainsKey(model.Name))];

    /// <summary>
    /// The model with this name, without regard to case; a name without a tag means <c>:latest</c>, default host and namespace may be spelt out. Null if
    /// there is none.
    /// </summary>
    public ModelEntry? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _byName.TryGetValue(WithTag(name), out var entry) ? entry
            : !ModelName.TryParse(name, out var parsed) ? null
            : _byName.GetValueOrDefault(parsed.Display) ?? _stored?.Find(parsed);
    }

    /// <summary>The model with this name that is there whatever the store holds; null if there is none.</summary>
    public ModelEntry? FindFixed(ModelName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _byName.GetValueOrDefault(name.Display);
    }

    /// <summary>The model for requests that name none: <paramref name="configured"/> if given, else the first that sees, else the first.</summary>
    public ModelEntry? Default(string? configured) => string.IsNullOrEmpty(configured)
        ? (Entries.Count > 0 ? Entries : All()) is var models ? models.FirstOrDefault(e => e.HasVision) ?? (models.Count > 0 ? models[0] : null) : null
        : Find(configured);

    private static string WithTag(string name)
    {
        var slash = name.LastIndexOf('/');
        return name.IndexOf(':', slash + 1) >= 0 ? name : name + DefaultTag;
    }
}
