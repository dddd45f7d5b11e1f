using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Import;

/// <summary>All tensors of a checkpoint, from one safetensors file or from the shards that an index names. Owned by the importer.</summary>
internal sealed class CheckpointTensors : IDisposable
{
    private const int MaxShards = 1_024;
    private readonly List<SafetensorsFile> opened = [];
    private readonly Dictionary<string, SafetensorsTensor> tensors = new(StringComparer.Ordinal);

    private CheckpointTensors()
    {
    }

    public IEnumerable<SafetensorsTensor> All => tensors.Values;

    public static CheckpointTensors Open(CheckpointFiles files)
    {
        var checkpoint = new CheckpointTensors();
        try
        {
            foreach (var name in FileNames(files))
            {
                checkpoint.Add(SafetensorsFile.Open(files.Find(name) ?? throw new ImportException($"{name}: is missing"), name));
            }

            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    public void Dispose() => opened.ForEach(file => file.Dispose());

    private static List<string> FileNames(CheckpointFiles files)
    {
        var index = JsonFile.TryRead(files, "model.safetensors.index.json", 64 << 20);
        if (index is null)
        {
            return FileNamesWithoutIndex(files);
        }

        var map = index.FindObject("weight_map") ?? throw index.Wrong("weight_map", "an object");
        var names = map.Properties
            .Select(entry => map.FindString(entry.Name) ?? string.Empty)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        foreach (var name in names)
        {
            // A name from a file of somebody else must not lead out of the folder.
            if (name.Length == 0 || name != Path.GetFileName(name) || !name.EndsWith(".safetensors", StringComparison.Ordinal))
            {
                throw index.Wrong("weight_map", "a map to names of safetensors files in the same folder");
            }
        }

        return names.Count <= MaxShards ? names : throw index.Wrong("weight_map", $"a map to at most {MaxShards} files");
    }

    // The authors' own files and those of transformers; several ones without an index are shards too.
    private static List<string> FileNamesWithoutIndex(CheckpointFiles files)
    {
        if (files.Find("model.safetensors") is not null)
        {
            return ["model.safetensors"];
        }

        var shards = files.Names.Where(static name => name.EndsWith(".safetensors", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        return shards.Count switch
        {
            > MaxShards => throw new ImportException($"{shards[0]}: is one of {shards.Count} files, more than {MaxShards}"),
            0 when files.Names.Any(static name => name.StartsWith("pytorch_model", StringComparison.Ordinal)) =>
                throw new ImportException("pytorch_model.bin: pickled weights are not read; save the checkpoint as safetensors"),
            0 => ["model.safetensors"],
            _ => shards,
        };
    }

    private void Add(SafetensorsFile file)
    {
        opened.Add(file);
        foreach (var tensor in file.Tensors)
        {
            if (!tensors.TryAdd(tensor.Name, tensor))
            {
                throw new ImportException($"tensor {GgufText.Quote(tensor.Name)}: occurs in two files");
            }
        }
    }
}
