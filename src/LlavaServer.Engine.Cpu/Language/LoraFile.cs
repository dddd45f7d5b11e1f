using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Cpu.Language;

/// <summary>A GGUF file with an adapter (LoRA): pairs of small matrices by the name of the tensor that they change. Open only while a model is loaded.</summary>
internal sealed class LoraFile : IDisposable
{
    private const string DownSuffix = ".lora_a";
    private const string UpSuffix = ".lora_b";

    private readonly GgufFile _file;

    private LoraFile(GgufFile file, IReadOnlyDictionary<string, LoraPair> pairs)
    {
        _file = file;
        Pairs = pairs;
    }

    public IReadOnlyDictionary<string, LoraPair> Pairs { get; }

    /// <exception cref="GgufException">It is no adapter, one of another architecture, of a kind that is not known, or half of a pair is missing.</exception>
    public static LoraFile Open(string path, string architecture)
    {
        GgufFile file = GgufFile.Open(path);
        try
        {
            Check(file.Metadata, architecture);
            return new LoraFile(file, PairsOf(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    private static void Check(GgufMetadata metadata, string architecture)
    {
        Expect("general.type", "adapter");
        Expect("general.architecture", architecture);
        Expect("adapter.type", "lora");
        if (metadata.Contains("adapter.alora.invocation_tokens"))
        {
            throw new GgufException("adapter: 'adapter.alora.invocation_tokens' is not supported");
        }

        void Expect(string key, string value)
        {
            string? found = metadata.GetString(key, null);
            if (found != value)
            {
                throw new GgufException($"adapter: '{key}' is {found ?? "missing"}, expected {value}");
            }
        }
    }

    private static Dictionary<string, LoraPair> PairsOf(GgufFile file)
    {
        float alpha = file.Metadata.GetFloat32("adapter.lora.alpha", 0);
        var pairs = new Dictionary<string, LoraPair>(StringComparer.Ordinal);
        foreach (GgufTensor tensor in file.Tensors)
        {
            if (tensor.Name.EndsWith(DownSuffix, StringComparison.Ordinal))
            {
                string name = tensor.Name[..^DownSuffix.Length];
                pairs.Add(name, file.TryGetTensor(name + UpSuffix, out GgufTensor? up) ? new LoraPair(tensor, up, alpha) : throw Half(name));
            }
            else if (tensor.Name.EndsWith(UpSuffix, StringComparison.Ordinal))
            {
                string name = tensor.Name[..^UpSuffix.Length];
                _ = file.TryGetTensor(name + DownSuffix, out _) ? 0 : throw Half(name);
            }
            else if (!tensor.Name.EndsWith("_norm.weight", StringComparison.Ordinal))
            {
                // Norms are left out, as llama.cpp does.
                throw new GgufException($"adapter: tensor '{tensor.Name}' is neither {DownSuffix} nor {UpSuffix}");
            }
        }

        return pairs;
    }

    private static GgufException Half(string name) => new($"adapter: of '{name}' one of {DownSuffix} and {UpSuffix} is missing");
}
