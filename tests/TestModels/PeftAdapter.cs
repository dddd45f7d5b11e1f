using System.Text.Json.Nodes;

namespace LlavaServer.TestModels;

/// <summary>Writes an adapter (LoRA) with random weights for a <see cref="TinyCheckpoint"/> as PEFT does. Tests change its parts before it is written.</summary>
internal sealed class PeftAdapter
{
    private const string Prefix = "base_model.model.";
    private readonly TinyCheckpoint _tensors = new();

    public PeftAdapter(int rank, float alpha)
    {
        var of = new TinyCheckpoint();
        _tensors.Tensors.Clear();
        Config["r"] = rank;
        Config["lora_alpha"] = alpha;
        var random = new Random(7);
        foreach (var (name, (shape, _)) in of.Tensors.Where(static tensor => IsAdapted(tensor.Key)))
        {
            var module = Prefix + name[..^".weight".Length];
            Tensors.Add(module + ".lora_A.weight", ([rank, shape[1]], Draw(rank * shape[1])));
            Tensors.Add(module + ".lora_B.weight", ([shape[0], rank], Draw(shape[0] * rank)));
        }

        float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() - 0.5) * 0.5))];
    }

    /// <summary>Tensors by name, with their PyTorch shapes.</summary>
    public Dictionary<string, (int[] Shape, float[] Values)> Tensors => _tensors.Tensors;

    public JsonObject Config { get; } = JsonNode.Parse("""
        {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "tiny", "bias": "none", "lora_dropout": 0.05, "fan_in_fan_out": false,
         "use_dora": false, "use_rslora": false, "alpha_pattern": {}, "rank_pattern": {}, "target_modules": ["q_proj", "k_proj"], "modules_to_save": null}
        """)!.AsObject();

    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), Config.ToJsonString());
        File.WriteAllBytes(Path.Combine(folder, "adapter_model.safetensors"), _tensors.Safetensors(Tensors.Keys));
    }

    /// <summary>Adds it to a checkpoint's matrices: <c>W + scale * B A</c>.</summary>
    public void MergeInto(TinyCheckpoint checkpoint, float scale)
    {
        foreach (var (name, (shape, values)) in checkpoint.Tensors.Where(static tensor => IsAdapted(tensor.Key)))
        {
            var module = Prefix + name[..^".weight".Length];
            var ((rows, a), b) = ((Tensors[module + ".lora_A.weight"].Shape[0], Tensors[module + ".lora_A.weight"].Values), Tensors[module + ".lora_B.weight"].Values);
            for (var i = 0; i < values.Length; i++)
            {
                double sum = 0;
                for (var k = 0; k < rows; k++)
                {
                    sum += (double)b[(i / shape[1] * rows) + k] * a[(k * shape[1]) + (i % shape[1])];
                }

                values[i] += (float)(scale * sum);
            }
        }
    }

    private static bool IsAdapted(string name) => name == "language_model.lm_head.weight" || (name.Contains("_proj.weight", StringComparison.Ordinal) && name.StartsWith("language_model.", StringComparison.Ordinal));
}
