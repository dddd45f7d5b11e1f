using System.Globalization;

namespace LlavaServer.Models.Gguf;

/// <summary>
/// The parts of a split model (`name-00001-of-00004.gguf`). Names of the siblings are derived from the first file's name, never taken from metadata.
/// </summary>
internal sealed class GgufSplit
{
    private const string PartFormat = "-00001-of-00000.gguf";
    private readonly string prefix;
    private readonly long tensorCount;

    private GgufSplit(string prefix, int partCount, long tensorCount)
    {
        this.prefix = prefix;
        PartCount = partCount;
        this.tensorCount = tensorCount;
    }

    public int PartCount { get; }

    public static GgufSplit FromFirstPart(string path, GgufMetadata metadata)
    {
        var count = PartCountOf(metadata);
        if (count == 1)
        {
            return new GgufSplit(string.Empty, 1, -1);
        }

        var prefix = path.Length > PartFormat.Length ? path[..^PartFormat.Length] : string.Empty;
        return prefix.Length > 0 && path == Name(prefix, 0, count)
            ? new GgufSplit(prefix, count, metadata.GetInt64("split.tensors.count", -1))
            : throw new GgufException($"key 'split.count': the file name must end in '-00001-of-{count:D5}.gguf'");
    }

    /// <summary>The parts of a model whose files are all known, so that their names do not matter.</summary>
    public static GgufSplit FromParts(GgufMetadata metadata, int partCount)
    {
        var count = PartCountOf(metadata);
        return count == partCount
            ? new GgufSplit(string.Empty, count, metadata.GetInt64("split.tensors.count", -1))
            : throw new GgufException($"key 'split.count': the model has {count} parts, {partCount} are given");
    }

    public string PartPath(int part) => Name(prefix, part, PartCount);

    public void CheckPart(int part, GgufMetadata metadata)
    {
        if (metadata.GetInt32("split.no", -1) != part || metadata.GetInt32("split.count", -1) != PartCount)
        {
            throw new GgufException($"key 'split.no': part {part + 1} of {PartCount} belongs to another model or another place");
        }

        if (tensorCount >= 0 && metadata.GetInt64("split.tensors.count", tensorCount) != tensorCount)
        {
            throw new GgufException($"key 'split.tensors.count': part {part + 1} of {PartCount} belongs to another model");
        }
    }

    public void CheckTensors(List<string> tensors)
    {
        if (tensorCount >= 0 && tensors.Count != tensorCount)
        {
            throw new GgufException($"key 'split.tensors.count': {tensorCount} tensors are declared, the parts hold {tensors.Count}");
        }

        var names = new HashSet<string>(tensors.Count, StringComparer.Ordinal);
        foreach (var tensor in tensors)
        {
            if (!names.Add(tensor))
            {
                throw new GgufException($"tensor {GgufText.Quote(tensor)}: occurs in two parts");
            }
        }
    }

    private static int PartCountOf(GgufMetadata metadata)
    {
        var count = metadata.GetInt32("split.count", 0);
        if (count <= 1)
        {
            return 1;
        }

        if (count > GgufLimits.MaxSplitFiles)
        {
            throw new GgufException($"key 'split.count': {count} parts are more than the limit of {GgufLimits.MaxSplitFiles}");
        }

        return metadata.GetInt32("split.no") == 0
            ? count
            : throw new GgufException("key 'split.no': this is not the first part of a split model; open the first part");
    }

    private static string Name(string prefix, int part, int count) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}-{part + 1:D5}-of-{count:D5}.gguf");
}
