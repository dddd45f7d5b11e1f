using Microsoft.Win32.SafeHandles;

namespace LlavaServer.Models.Gguf;

/// <summary>
/// A GGUF model, of one file or of all parts of a split one, that is read once from beginning to end: its data is read piece by piece and never mapped, so a
/// model larger than memory passes through a buffer. Whoever opens it disposes it; reading is safe on any thread.
/// </summary>
internal sealed class GgufSource : IDisposable
{
    private readonly List<SafeFileHandle> _handles = [];
    private readonly List<GgufSourceTensor> _tensors = [];

    private GgufSource()
    {
    }

    /// <summary>Metadata of the (first) file.</summary>
    public GgufMetadata Metadata { get; private set; } = new();

    /// <summary>In file order, over all parts.</summary>
    public IReadOnlyList<GgufSourceTensor> Tensors => _tensors;

    /// <summary>Bytes of all parts.</summary>
    public long FileBytes { get; private set; }

    /// <summary>Opens a file; of a split model the first part, whose siblings are found by its name.</summary>
    /// <exception cref="GgufException">The file is damaged, hostile or not supported.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static GgufSource Open(string path) => Open(source =>
    {
        source.Add(path, out var metadata);
        source.Metadata = metadata;
        GgufBounds.Check(metadata);
        source.AddParts(GgufSplit.FromFirstPart(path, metadata), static (split, part) => split.PartPath(part));
    });

    /// <summary>Opens the parts of a split model, in their order, whatever they are called; or one whole file.</summary>
    /// <exception cref="GgufException">A part is damaged, hostile, missing or belongs to another model.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static GgufSource Open(IReadOnlyList<string> parts) => Open(source =>
    {
        source.Add(parts[0], out var metadata);
        source.Metadata = metadata;
        GgufBounds.Check(metadata);
        source.AddParts(GgufSplit.FromParts(metadata, parts.Count), (_, part) => parts[part]);
    });

    public void Dispose() => _handles.ForEach(handle => handle.Dispose());

    private static GgufSource Open(Action<GgufSource> open)
    {
        var source = new GgufSource();
        try
        {
            open(source);
            return source;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private void AddParts(GgufSplit split, Func<GgufSplit, int, string> pathOf)
    {
        for (var part = 1; part < split.PartCount; part++)
        {
            var path = pathOf(split, part);
            if (!File.Exists(path))
            {
                throw new GgufException($"key 'split.count': part {part + 1} of {split.PartCount} is missing");
            }

            Add(path, out var metadata);
            split.CheckPart(part, metadata);
        }

        split.CheckTensors(_tensors.ConvertAll(static tensor => tensor.Name));
    }

    private void Add(string path, out GgufMetadata metadata)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 1);
        var header = GgufHeaderReader.Read(stream, stream.Length);
        metadata = header.Metadata;
        FileBytes += stream.Length;
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.SequentialScan);
        _handles.Add(handle);
        _tensors.AddRange(header.Tensors.Select(info => new GgufSourceTensor(info, handle, header.DataOffset + info.Offset)));
    }
}
