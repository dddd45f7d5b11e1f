namespace LlavaServer.Models.Import;

/// <summary>The files of a checkpoint by the names that its makers gave them, wherever they are: a folder, or blobs of a store. Immutable, any thread.</summary>
public sealed class CheckpointFiles
{
    private readonly Dictionary<string, string> _paths;

    /// <param name="paths">Path of each file by its name, without folders.</param>
    public CheckpointFiles(IEnumerable<KeyValuePair<string, string>> paths) => _paths = new Dictionary<string, string>(paths, StringComparer.Ordinal);

    /// <summary>Names of all files.</summary>
    public IEnumerable<string> Names => _paths.Keys;

    /// <summary>The files of a folder, without those of folders in it.</summary>
    public static CheckpointFiles Of(string folder) => Directory.Exists(folder)
        ? new(Directory.EnumerateFiles(folder).Select(static path => KeyValuePair.Create(Path.GetFileName(path), path)))
        : new([]);

    /// <summary>Path of a file, or null when the checkpoint has none of this name.</summary>
    public string? Find(string name) => _paths.GetValueOrDefault(name);
}
