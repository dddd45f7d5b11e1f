using System.Buffers.Binary;
using System.Text.Json;
using LlavaServer.Models.Gguf;
using Microsoft.Win32.SafeHandles;

namespace LlavaServer.Models.Import;

/// <summary>
/// A safetensors file: a JSON directory, then raw data. The directory is checked before any data is read: its length, names, types, shapes, and that the
/// tensors lie one behind the other inside the file. Owned by the importer; reading is safe on any thread.
/// </summary>
internal sealed class SafetensorsFile : IDisposable
{
    private const long MaxHeaderBytes = 100_000_000;
    private const int MaxTensors = 65_536;
    private const int MaxDimensions = 4;
    private readonly SafeFileHandle handle;
    private readonly string name;

    private SafetensorsFile(SafeFileHandle handle, string name)
    {
        this.handle = handle;
        this.name = name;
        Tensors = [];
    }

    public List<SafetensorsTensor> Tensors { get; }

    /// <param name="path">Where the file is.</param>
    /// <param name="name">How errors name it.</param>
    /// <exception cref="ImportException">The file is damaged or holds an unsupported type.</exception>
    public static SafetensorsFile Open(string path, string name)
    {
        var file = new SafetensorsFile(File.OpenHandle(path), name);
        try
        {
            file.ReadDirectory();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Read(long offset, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            var read = RandomAccess.Read(handle, destination, offset);
            destination = read > 0 ? destination[read..] : throw new ImportException($"{name}: became shorter while it was read");
            offset += read;
        }
    }

    public void Dispose() => handle.Dispose();

    private void ReadDirectory()
    {
        var length = RandomAccess.GetLength(handle);
        if (length < 8)
        {
            throw new ImportException($"{name}: too short for a safetensors file");
        }

        Span<byte> prefix = stackalloc byte[8];
        Read(0, prefix);
        var declared = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (declared > (ulong)Math.Min(MaxHeaderBytes, length - 8))
        {
            throw new ImportException($"{name}: header of {declared} bytes in a file of {length} bytes; the limit is {MaxHeaderBytes}");
        }

        var json = new byte[declared];
        Read(8, json);
        var dataStart = 8 + (long)declared;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in JsonFile.Parse($"{name}: header", json).Properties)
        {
            if (entry.Name == "__metadata__")
            {
                continue;
            }

            if (!names.Add(entry.Name) || Tensors.Count == MaxTensors)
            {
                throw new ImportException($"{name}: tensor {GgufText.Quote(entry.Name)} occurs twice or is one too many");
            }

            Tensors.Add(ReadTensor(entry, dataStart, length - dataStart));
        }

        CheckLayout(dataStart, length);
    }

    private SafetensorsTensor ReadTensor(JsonProperty entry, long dataStart, long dataBytes)
    {
        var what = $"{name}: tensor {GgufText.Quote(entry.Name)}";
        if (entry.Value.ValueKind != JsonValueKind.Object
            || !entry.Value.TryGetProperty("dtype", out var type) || type.ValueKind != JsonValueKind.String
            || !entry.Value.TryGetProperty("shape", out var shapeElement) || !TryReadNumbers(shapeElement, MaxDimensions, out var shape)
            || !entry.Value.TryGetProperty("data_offsets", out var offsetElement) || !TryReadNumbers(offsetElement, 2, out var offsets)
            || offsets.Length != 2)
        {
            throw new ImportException($"{what}: must have a dtype, a shape of at most {MaxDimensions} dimensions and two data_offsets");
        }

        var (begin, end) = (offsets[0], offsets[1]);
        if (begin > end || end > dataBytes)
        {
            throw new ImportException($"{what}: data_offsets {begin}..{end} are not inside the {dataBytes} bytes of data");
        }

        var storage = type.GetString() switch
        {
            "F32" => TensorType.F32,
            "F16" => TensorType.F16,
            "BF16" => TensorType.BF16,
            "I64" => TensorType.I64,
            "I32" => TensorType.I32,
            var other => throw new ImportException($"{what}: dtype {GgufText.Quote(other!)} is not supported"),
        };
        Int128 bytes = TensorTypes.BlockBytes(storage);
        foreach (var dimension in shape)
        {
            bytes = Int128.Min(bytes * dimension, long.MaxValue);
        }

        return bytes == end - begin
            ? new SafetensorsTensor(entry.Name, storage, shape, dataStart + begin, end - begin, this)
            : throw new ImportException($"{what}: shape and dtype need another number of bytes than the {end - begin} of its data_offsets");
    }

    /// <summary>The format asks for data without holes or overlaps.</summary>
    private void CheckLayout(long dataStart, long length)
    {
        var expected = dataStart;
        foreach (var tensor in Tensors.OrderBy(tensor => tensor.Offset).ThenBy(tensor => tensor.ByteCount))
        {
            if (tensor.Offset != expected)
            {
                throw new ImportException($"{name}: tensor {GgufText.Quote(tensor.Name)} overlaps another one or leaves a hole");
            }

            expected += tensor.ByteCount;
        }

        if (expected != length)
        {
            throw new ImportException($"{name}: {length - expected} bytes behind the last tensor");
        }
    }

    private static bool TryReadNumbers(JsonElement element, int maxCount, out long[] numbers)
    {
        numbers = [];
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() > maxCount)
        {
            return false;
        }

        numbers = new long[element.GetArrayLength()];
        for (var i = 0; i < numbers.Length; i++)
        {
            if (element[i].ValueKind != JsonValueKind.Number || !element[i].TryGetInt64(out numbers[i]) || numbers[i] < 0)
            {
                return false;
            }
        }

        return true;
    }
}
