using System.Security.Cryptography;
using LlavaServer.Inference.Embeddings;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Thinking;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Inference.Loading;

public sealed partial record ModelEntry
{
    // Up to this size the digest covers every byte; beyond, it covers header and tensor directory, size and time of the file.
    private const long WholeDigestBytes = 64L << 20;

    // Names of today, and of before.
    private static readonly string[][] s_fillKeys = [["fim_pre", "prefix"], ["fim_suf", "suffix"], ["fim_mid", "middle"]];

    /// <summary>
    /// Reads the metadata of a model's files. Throws <see cref="GgufException"/> for a damaged file and <see cref="IOException"/> for one that cannot
    /// be read.
    /// </summary>
    /// <param name="name">Name on the wire; <c>:latest</c> is added if it has no tag.</param>
    /// <param name="files">Paths.</param>
    public static ModelEntry FromFiles(string name, ModelFiles files)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(files);
        return FromFiles(name, files, DigestOf(files), File.GetLastWriteTimeUtc(files.ModelPath));
    }

    private static ModelEntry FromFiles(string name, ModelFiles files, string digest, DateTimeOffset modifiedAt)
    {
        using var model = GgufFile.Open(files.ModelPath);
        using var mmproj = files.MmprojPath is null ? null : GgufFile.Open(files.MmprojPath);
        var architecture = model.Metadata.GetString("general.architecture");
        var parameters = model.Tensors.Sum(t => t.ElementCount) + (mmproj?.Tensors.Sum(t => t.ElementCount) ?? 0);
        string[] families = mmproj is null ? [architecture] : [architecture, mmproj.Metadata.GetString("general.architecture", "clip")];
        return new ModelEntry
        {
            Name = name.IndexOf(':', name.LastIndexOf('/') + 1) >= 0 ? name : name + ":latest",
            Files = files,
            Family = architecture,
            Families = families,
            ParameterCount = parameters,
            ParameterSize = GgufSummary.InWords(parameters),
            QuantizationLevel = GgufSummary.FileType(model.Metadata),
            SizeBytes = model.FileBytes + (mmproj?.FileBytes ?? 0),
            Digest = digest,
            ModifiedAt = modifiedAt,
            HasVision = mmproj is not null,
            KnowsTools = model.Metadata.GetString("tokenizer.chat_template.tool_use", "").Length > 0
                || model.Metadata.GetString("tokenizer.chat_template", "").Contains("tools", StringComparison.Ordinal),
            FillsGaps = Array.TrueForAll(s_fillKeys, names => Array.Exists(names, name => model.Metadata.GetInt32($"tokenizer.ggml.{name}_token_id", -1) >= 0)),
            Thinks = ThinkMarkers.In(model.Metadata.GetString("tokenizer.chat_template", "")),
            ContextLength = model.Metadata.GetInt32(architecture + ".context_length"),
            EmbeddingLength = model.Metadata.GetInt32(architecture + ".embedding_length"),
            Pooling = PoolingOf(model.Metadata, architecture),
        };
    }

    private static PoolingType PoolingOf(GgufMetadata metadata, string architecture)
    {
        var key = architecture + ".pooling_type";
        var type = (PoolingType)metadata.GetInt32(key, 0);
        return Enum.IsDefined(type) ? type : throw new GgufException($"key '{key}': {(int)type} is not in the range 0 to 4");
    }

    private static string DigestOf(ModelFiles files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> file = stackalloc byte[SHA256.HashSizeInBytes];
        foreach (var path in files.MmprojPath is null ? [files.ModelPath] : new[] { files.ModelPath, files.MmprojPath })
        {
            DigestOf(path, file);
            hash.AppendData(file);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void DigestOf(string path, Span<byte> digest)
    {
        using var stream = File.OpenRead(path);
        if (stream.Length <= WholeDigestBytes)
        {
            SHA256.HashData(stream, digest);
            return;
        }

        var head = new byte[WholeDigestBytes / 4];
        stream.ReadExactly(head);
        var modified = File.GetLastWriteTimeUtc(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(head);
        hash.AppendData(BitConverter.GetBytes(stream.Length));
        hash.AppendData(BitConverter.GetBytes(modified.Ticks));
        hash.GetHashAndReset(digest);
    }
}
