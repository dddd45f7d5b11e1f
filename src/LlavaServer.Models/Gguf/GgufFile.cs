namespace LlavaServer.Models.Gguf;

/// <summary>
/// An open GGUF model: metadata, tensor directory and memory-mapped data, of one file or of all parts of a split model. Whoever opens it disposes it,
/// after the last use of a tensor; reading is safe on any thread.
/// </summary>
public sealed class GgufFile : IDisposable
{
    private readonly List<GgufMapping> mappings;
    private readonly List<GgufTensor> tensors;
    private readonly Dictionary<string, GgufTensor> byName;

    private GgufFile(string path, GgufMetadata metadata, List<GgufTensor> tensors, List<GgufMapping> mappings, long fileBytes)
    {
        Path = path;
        Metadata = metadata;
        FileBytes = fileBytes;
        this.tensors = tensors;
        this.mappings = mappings;
        byName = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The file that was opened; the first part of a split model.</summary>
    public string Path { get; }

    /// <summary>Metadata of the (first) file.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>All tensors in file order, over all parts.</summary>
    public IReadOnlyList<GgufTensor> Tensors => tensors;

    /// <summary>Size on disk, in bytes, of all parts.</summary>
    public long FileBytes { get; }

    /// <summary>
    /// Opens a model and checks header, metadata ranges and tensor directory before any tensor is touched.
    /// </summary>
    /// <param name="path">A GGUF file; of a split model the first part.</param>
    /// <param name="memoryMap">False copies the data into memory: for files that somebody else may shorten while they are in use.</param>
    /// <exception cref="GgufException">The file is damaged, hostile or not supported.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static GgufFile Open(string path, bool memoryMap = true)
    {
        var mappings = new List<GgufMapping>();
        try
        {
            var tensors = new List<GgufTensor>();
            var header = OpenPart(path, memoryMap, mappings, tensors, out var fileBytes);
            GgufBounds.Check(header.Metadata);
            var split = GgufSplit.FromFirstPart(path, header.Metadata);
            for (var part = 1; part < split.PartCount; part++)
            {
                if (!File.Exists(split.PartPath(part)))
                {
                    throw new GgufException($"key 'split.count': part {part + 1} of {split.PartCount} is missing");
                }

                var partHeader = OpenPart(split.PartPath(part), memoryMap, mappings, tensors, out var partBytes);
                split.CheckPart(part, partHeader.Metadata);
                fileBytes += partBytes;
            }

            split.CheckTensors(tensors.ConvertAll(static tensor => tensor.Name));
            return new GgufFile(path, header.Metadata, tensors, mappings, fileBytes);
        }
        catch
        {
            mappings.ForEach(mapping => mapping.Dispose());
            throw;
        }
    }

    public bool TryGetTensor(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out GgufTensor? tensor) =>
        byName.TryGetValue(name, out tensor);

    /// <exception cref="GgufException">The file has no tensor of this name.</exception>
    public GgufTensor GetTensor(string name) =>
        byName.TryGetValue(name, out var tensor) ? tensor : throw new GgufException($"tensor {GgufText.Quote(name)} is missing");

    public void Dispose() => mappings.ForEach(mapping => mapping.Dispose());

    private static GgufHeader OpenPart(string path, bool memoryMap, List<GgufMapping> mappings, List<GgufTensor> tensors, out long length)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
        length = stream.Length;
        var header = GgufHeaderReader.Read(stream, length);
        var mapping = new GgufMapping(stream, length, memoryMap);
        mappings.Add(mapping);
        if (stream.Length != length)
        {
            throw new GgufException("data: the file changed its size while it was opened");
        }

        foreach (var info in header.Tensors)
        {
            tensors.Add(new GgufTensor(info, mapping.Address + (nint)(header.DataOffset + info.Offset)));
        }

        return header;
    }
}
