namespace LlavaServer.Inference.Loading;

/// <summary>The models that this process serves, found by name. Immutable, used from any thread.</summary>
public sealed class ModelCatalog
{
    private const string DefaultTag = ":latest";
    private readonly Dictionary<string, ModelEntry> _byName = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="entries">Models in the order in which they are listed; names with and without <c>:latest</c> are the same name.</param>
    public ModelCatalog(IEnumerable<ModelEntry> entries)
    {
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

    public IReadOnlyList<ModelEntry> Entries { get; }

    /// <summary>The model with this name, without regard to case; a name without a tag means <c>:latest</c>. Null if there is none.</summary>
    public ModelEntry? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _byName.GetValueOrDefault(WithTag(name));
    }

    /// <summary>The model for requests that name none: <paramref name="configured"/> if given, else the first that sees, else the first.</summary>
    public ModelEntry? Default(string? configured) => string.IsNullOrEmpty(configured)
        ? Entries.FirstOrDefault(e => e.HasVision) ?? (Entries.Count > 0 ? Entries[0] : null)
        : Find(configured);

    private static string WithTag(string name)
    {
        var slash = name.LastIndexOf('/');
        return name.IndexOf(':', slash + 1) >= 0 ? name : name + DefaultTag;
    }
}
