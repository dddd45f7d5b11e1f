using System.Text.Json.Nodes;

namespace LlavaServer.TestModels;

/// <summary>
/// The public checkpoint <c>llava-hf/llava-1.5-7b-hf</c> as far as it can be written down: its config.json, and name, shape and file of its 686 tensors (F16).
/// Written either with all sizes as they are and without weights (files with holes), or scaled down with random weights.
/// </summary>
internal sealed class RealCheckpoint
{
    private const int Pieces = 32_000;
    private const int SmallPieces = 500;
    private const int SmallRows = 564;
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Checkpoints");

    /// <summary>Every tensor: its name, its shape and the file that it is in.</summary>
    public static IReadOnlyList<(string Name, int[] Shape, string File)> Tensors { get; } =
    [
        .. File.ReadLines(Path.Combine(s_folder, "llava-1.5-7b-hf.tensors.txt")).Select(static line => line.Split(' '))
            .Select(static fields => (fields[0], Array.ConvertAll(fields[1].Split(','), int.Parse), fields[2])),
    ];

    /// <summary>The whole checkpoint, 14 GB that take no place on a disk that knows holes.</summary>
    public static void WriteHollow(string folder)
    {
        Write(folder, Config(), new SyntheticVocabulary(Pieces), Pieces, static (_, shape) => shape, static (stream, _, shape) =>
            stream.SetLength(stream.Length + (2 * shape.Aggregate(1L, static (product, length) => product * length))));
    }

    /// <summary>The same names, with widths of 128 and 32 in place of 4096 and 1024, and 500 pieces.</summary>
    public static void WriteSmall(string folder)
    {
        var config = Config();
        var (text, vision) = (config["text_config"]!.AsObject(), config["vision_config"]!.AsObject());
        (text["hidden_size"], text["intermediate_size"], text["vocab_size"]) = (128, 256, SmallRows);
        (vision["hidden_size"], vision["intermediate_size"], vision["image_size"]) = (32, 64, 56);
        (config["image_token_index"], config["pad_token_id"], config["vocab_size"]) = (SmallPieces, SmallPieces + 1, SmallRows);
        var random = new RandomSource(5);
        Write(folder, config, new SyntheticVocabulary(SmallPieces), SmallPieces, Small, (stream, name, shape) =>
        {
            var isNorm = name.Contains("norm", StringComparison.Ordinal) && name.EndsWith("weight", StringComparison.Ordinal);
            var values = new byte[2 * shape.Aggregate(1, static (product, length) => product * length)];
            for (var i = 0; i < values.Length; i += 2)
            {
                BitConverter.TryWriteBytes(values.AsSpan(i), (Half)((isNorm ? 1 : 0) + (0.05f * random.NextGaussian())));
            }

            stream.Write(values);
        });
    }

    private static JsonObject Config() => JsonNode.Parse(File.ReadAllText(Path.Combine(s_folder, "llava-1.5-7b-hf.config.json")))!.AsObject();

    private static int[] Small(string name, int[] shape)
    {
        var isVision = name.StartsWith("vision_tower", StringComparison.Ordinal);
        return Array.ConvertAll(shape, length => (length, isVision) switch
        {
            (4096, true) => 64,
            (4096, false) => 128,
            (1024, _) => 32,
            (577, _) => 17,
            (11008, _) => 256,
            (32064, _) => SmallRows,
            _ => length,
        });
    }

    private static void Write(
        string folder, JsonObject config, SyntheticVocabulary vocabulary, int pieces, Func<string, int[], int[]> resize, Action<Stream, string, int[]> write)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.model"), TinyCheckpoint.SentencePieceModel(vocabulary, pieces));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), new JsonObject
        {
            ["add_bos_token"] = true,
            ["bos_token"] = "<s>",
            ["eos_token"] = "</s>",
            ["unk_token"] = "<unk>",
            ["pad_token"] = "<pad>",
            ["added_tokens_decoder"] = new JsonObject
            {
                [$"{pieces}"] = new JsonObject { ["content"] = "<image>", ["special"] = true },
                [$"{pieces + 1}"] = new JsonObject { ["content"] = "<pad>", ["special"] = true },
            },
        }.ToJsonString());
        var map = new JsonObject();
        foreach (var file in Tensors.GroupBy(static tensor => tensor.File))
        {
            var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
            var offset = 0L;
            foreach (var (name, full, _) in file)
            {
                var shape = resize(name, full);
                var bytes = 2 * shape.Aggregate(1L, static (product, length) => product * length);
                header[name] = new JsonObject
                {
                    ["dtype"] = "F16",
                    ["shape"] = new JsonArray([.. shape.Select(static length => JsonValue.Create(length))]),
                    ["data_offsets"] = new JsonArray(offset, offset + bytes),
                };
                offset += bytes;
                map[name] = file.Key;
            }

            using var stream = File.Create(Path.Combine(folder, file.Key));
            stream.Write(TinyCheckpoint.Assemble(header.ToJsonString(), []));
            foreach (var (name, full, _) in file)
            {
                write(stream, name, resize(name, full));
            }
        }

        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
    }
}
