using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Import;

/// <summary>All tensors of a checkpoint, from one safetensors file or from the shards that an index names. Owned by the importer.</summary>
internal sealed class CheckpointTensors : IDisposable
{
    private const int MaxShards = 1_024;
    private readonly List<SafetensorsFile> files = [];
    private readonly Dictionary<string, SafetensorsTensor> tensors = new(StringComparer.Ordinal);

    private CheckpointTensors()
    {
    }

    public IEnumerable<SafetensorsTensor> All => tensors.Values;

    public static CheckpointTensors Open(string folder)
    {
        var checkpoint = new CheckpointTensors();
        try
        {
            foreach (var name in FileNames(folder))
            {
                checkpoint.Add(SafetensorsFile.Open(folder, name));
            }

            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    public void Dispose() => files.ForEach(file => file.Dispose());

    private static List<string> FileNames(string folder)
    {
        var index = JsonFile.TryRead(folder, "model.safetensors.index.json", 64 << 20);
        if (index is null)
        {
            return File.Exists(Path.Combine(folder, "model.safetensors")) || Directory.GetFiles(folder, "pytorch_model*.bin").Length == 0
                ? ["model.safetensors"]
                : throw new ImportException("pytorch_model.bin: pickled weights are not read; save the checkpoint as safetensors");
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

    private void Add(SafetensorsFile file)
    {
        files.Add(file);
        foreach (var tensor in file.Tensors)
        {
            if (!tensors.TryAdd(tensor.Name, tensor))
            {
                throw new ImportException($"tensor {GgufText.Quote(tensor.Name)}: occurs in two files");
            }
        }
    }
}
