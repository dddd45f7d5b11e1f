using LlavaServer.Models.Gguf;

namespace LlavaServer.Inference.Engines;

/// <summary>What a model will take in memory, from the headers of its files and the sizes it is loaded with; the same for every engine.</summary>
public static class MemoryEstimate
{
    /// <summary>What an engine takes as context when nobody asks for one.</summary>
    public const int DefaultContextLength = 4096;

    // Rows of activations of a step: residual, normalised, query, attention result, gate, up, each in floats, and their quantized copies.
    private const int WidthsPerRow = 8;

    // Halves in the file, floats in memory.
    private const int AdapterCopies = 2;

    /// <param name="files">The model's files.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="weightCopies">How often an engine holds the matrices beside the mapped files: 1 if it rearranges them.</param>
    public static long Of(ModelFiles files, EngineLoadOptions options, double weightCopies)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(options);
        using var model = GgufFile.Open(files.ModelPath);
        var bytes = (long)(model.FileBytes * (1 + weightCopies)) + Language(model.Metadata, options);
        if (files.MmprojPath is { } path)
        {
            using var mmproj = GgufFile.Open(path);
            bytes += (long)(mmproj.FileBytes * (1 + weightCopies)) + Vision(mmproj.Metadata);
        }

        return bytes + (AdapterCopies * files.AdapterPaths.Sum(static adapter => new FileInfo(adapter).Length));
    }

    private static long Language(GgufMetadata metadata, EngineLoadOptions options)
    {
        var architecture = metadata.GetString("general.architecture");
        long Number(string key, long missing = 0) => metadata.GetInt32($"{architecture}.{key}", (int)missing);

        var width = Number("embedding_length");
        var heads = Math.Max(1, Number("attention.head_count", 1));
        var headWidth = Number("attention.key_length", width / heads);
        var kvWidth = headWidth * Number("attention.head_count_kv", heads);
        var trained = Number("context_length", DefaultContextLength);
        var context = options.ContextLength == 0 ? Math.Min(trained, DefaultContextLength) : options.ContextLength;

        // Keys and values as halves.
        var positions = options.KVPositions > 0 ? options.KVPositions : (long)context * options.SequenceCount;
        var cache = 2L * sizeof(ushort) * Number("block_count") * kvWidth * positions;
        var vocabulary = (metadata.TryGetStrings("tokenizer.ggml.tokens", out var tokens) ? tokens.Length : 0);
        var step = (long)options.MaxBatchRows * sizeof(float) * ((WidthsPerRow * width) + (3 * Number("feed_forward_length")))
            + ((long)options.SequenceCount * vocabulary * sizeof(float));
        return cache + step;
    }

    // One picture in full, with the attention scores of one head at a time on each of its rows.
    private static long Vision(GgufMetadata metadata)
    {
        long Number(string key, int missing) => metadata.GetInt32("clip.vision." + key, missing);

        var side = Number("image_size", 0) / Math.Max(1, Number("patch_size", 14));
        var rows = (side * side) + 1;
        var width = Number("embedding_length", 0);
        return sizeof(float) * rows * ((WidthsPerRow * width) + (2 * Number("feed_forward_length", 0)) + rows);
    }
}
