using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Import;

/// <summary>
/// Converts an adapter (LoRA) in the form of Hugging Face's PEFT (adapter_config.json, safetensors) into the GGUF file that is applied beside a `llama` or
/// `qwen2` model. Stateless, any thread.
/// </summary>
internal static class AdapterImporter
{
    private const string Config = "adapter_config.json";

    // Scale when the file has none, as PEFT has it.
    private const float UsualAlpha = 8;

    private static readonly (string From, string To, bool Turns)[] s_matrices =
    [
        ("self_attn.q_proj", "attn_q", true), ("self_attn.k_proj", "attn_k", true), ("self_attn.v_proj", "attn_v", false), ("self_attn.o_proj", "attn_output", false),
        ("mlp.gate_proj", "ffn_gate", false), ("mlp.up_proj", "ffn_up", false), ("mlp.down_proj", "ffn_down", false),
    ];

    /// <summary>Reads and checks everything but the weights.</summary>
    /// <param name="files">Of the adapter.</param>
    /// <param name="model">The model that it is for.</param>
    /// <param name="advanced">Called with bytes of the adapter that are done.</param>
    /// <param name="cancellationToken">Stops the writing between parts of tensors.</param>
    /// <exception cref="ImportException">The adapter is damaged, of another kind, or of another model.</exception>
    public static ImportedModel Prepare(CheckpointFiles files, GgufSource model, Action<long>? advanced, CancellationToken cancellationToken)
    {
        var config = JsonFile.Read(files, Config);
        Check(config);
        var architecture = model.Metadata.GetString("general.architecture");
        if (architecture is not ("llama" or "qwen2"))
        {
            throw new ImportException($"{Config}: adapters are converted for llama and qwen2 models, the model is {GgufText.Quote(architecture)}");
        }

        var checkpoint = CheckpointTensors.Open(files);
        try
        {
            var collector = new TensorCollector(checkpoint);
            var tensors = CollectTensors(collector, model, architecture);
            collector.CheckAllTaken();
            return new ImportedModel(checkpoint, WriterOf(config, architecture, tensors, advanced, cancellationToken), vision: null);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    private static void Check(JsonFile config)
    {
        if (config.FindString("peft_type") is not (null or "LORA"))
        {
            throw config.Wrong("peft_type", "LORA");
        }

        foreach (var option in new[] { "use_dora", "fan_in_fan_out" })
        {
            if (config.FindBoolean(option) == true)
            {
                throw config.Wrong(option, "false");
            }
        }

        if (config.FindObject("alpha_pattern") is { } alphas && alphas.Properties.Any())
        {
            throw config.Wrong("alpha_pattern", "empty");
        }
    }

    private static List<ImportTensor> CollectTensors(TensorCollector collector, GgufSource model, string architecture)
    {
        var shapes = model.Tensors.ToDictionary(static tensor => tensor.Name, static tensor => tensor.Shape, StringComparer.Ordinal);
        var turnedHead = architecture == "llama" ? HeadSize(model.Metadata, architecture) : 0;
        var tensors = new List<ImportTensor>();
        for (var layer = 0; shapes.ContainsKey($"blk.{layer}.attn_q.weight"); layer++)
        {
            foreach (var (from, to, turns) in s_matrices)
            {
                Add($"model.layers.{layer}.{from}", $"blk.{layer}.{to}.weight", turns ? turnedHead : 0);
            }
        }

        Add("lm_head", "output.weight", 0);
        return tensors.Count > 0 ? tensors : throw new ImportException("the adapter has no lora_A and lora_B for a matrix of the model");

        void Add(string from, string to, int turnedHeadSize)
        {
            var (down, up) = (from + ".lora_A.weight", from + ".lora_B.weight");
            if (!collector.Contains(down) || !shapes.TryGetValue(to, out var shape) || shape is not [_, _])
            {
                return;
            }

            var rank = collector.Peek(down).Shape is [> 0 and var rows, _] ? rows : 1;
            tensors.Add(new ImportTensor(to + ".lora_a", collector.Take(down, rank, shape[0]), TensorType.F32));
            tensors.Add(new ImportTensor(to + ".lora_b", collector.Take(up, shape[1], rank), TensorType.F32, turnedHeadSize));
        }
    }

    private static int HeadSize(GgufMetadata metadata, string architecture) => metadata.GetInt32(
        architecture + ".attention.key_length", metadata.GetInt32(architecture + ".embedding_length") / Math.Max(1, metadata.GetInt32(architecture + ".attention.head_count")));

    private static GgufWriter WriterOf(JsonFile config, string architecture, List<ImportTensor> tensors, Action<long>? advanced, CancellationToken cancellationToken)
    {
        var alpha = config.GetSingle("lora_alpha", UsualAlpha, 0, 1e6f);
        if (config.FindBoolean("use_rslora") == true)
        {
            // Its scale is alpha over the root of the rank; who reads the file divides by the rank.
            var ranks = tensors.Where(static tensor => tensor.Name.EndsWith("_a", StringComparison.Ordinal)).Select(static tensor => tensor.Source.Shape[0]).Distinct().ToList();
            alpha *= ranks is [var rank] ? MathF.Sqrt(rank) : throw config.Wrong("use_rslora", "false, where matrices have different ranks");
        }

        var writer = new GgufWriter();
        writer.AddString("general.architecture", architecture);
        writer.AddString("general.type", "adapter");
        writer.AddUInt32("general.file_type", 0);
        writer.AddString("adapter.type", "lora");
        writer.AddFloat32("adapter.lora.alpha", alpha);
        foreach (var tensor in tensors)
        {
            writer.AddTensor(tensor.Name, tensor.Type, tensor.Shape, stream => tensor.Write(stream, tensor.Type, advanced, cancellationToken));
        }

        return writer;
    }
}
