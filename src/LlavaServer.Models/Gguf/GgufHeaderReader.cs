namespace LlavaServer.Models.Gguf;

/// <summary>
/// Parses and checks magic, version, metadata and tensor directory of one GGUF file (v2 or v3). The rules are those of llama.cpp's gguf.cpp plus
/// caps on what a file may declare; a tensor that is returned lies inside the file.
/// </summary>
internal static class GgufHeaderReader
{
    private const uint Magic = 0x46554747;
    private const int SmallestKeyBytes = 8 + 1 + 4 + 1;
    private const int SmallestTensorBytes = 8 + 4 + 8 + 4 + 8;

    public static GgufHeader Read(Stream stream, long length)
    {
        var reader = new GgufStreamReader(stream, length);
        if (reader.ReadUInt32("header") != Magic)
        {
            throw new GgufException("header: the file does not begin with the GGUF magic");
        }

        var version = ReadVersion(reader);
        var tensorCount = ReadCount(reader, "tensor", GgufLimits.MaxTensors);
        var keyCount = ReadCount(reader, "key", GgufLimits.MaxKeys);
        CheckCount(reader, "key", keyCount, SmallestKeyBytes);
        var metadata = ReadMetadata(reader, keyCount);
        var alignment = ReadAlignment(metadata);
        CheckCount(reader, "tensor", tensorCount, SmallestTensorBytes);
        var tensors = ReadTensors(reader, tensorCount, alignment);
        var dataOffset = AlignUp(reader.Position, alignment);
        if (tensors.Count > 0)
        {
            CheckInsideFile(tensors, dataOffset, length);
        }

        return new GgufHeader(version, alignment, metadata, tensors, Math.Min(dataOffset, length));
    }

    private static uint ReadVersion(GgufStreamReader reader)
    {
        var version = reader.ReadUInt32("header");
        return version switch
        {
            2 or 3 => version,
            1 => throw new GgufException("header: version 1 is no longer supported; convert the model again"),
            0 => throw new GgufException("header: version 0 is not valid"),
            _ when (version & 0xFFFF) == 0 => throw new GgufException("header: the file is big-endian; only little-endian files are supported"),
            _ => throw new GgufException($"header: version {version} is not supported (2 and 3 are)"),
        };
    }

    private static long ReadCount(GgufStreamReader reader, string what, long limit)
    {
        var count = reader.ReadInt64("header");
        return count >= 0 && count <= limit
            ? count
            : throw new GgufException($"header: {what} count {count} is outside 0..{limit}");
    }

    private static void CheckCount(GgufStreamReader reader, string what, long count, int smallestBytes)
    {
        if (count > reader.Remaining / smallestBytes)
        {
            throw new GgufException($"header: {count} {what}s cannot be in the {reader.Remaining} bytes left in the file");
        }
    }

    private static GgufMetadata ReadMetadata(GgufStreamReader reader, long count)
    {
        var metadata = new GgufMetadata();
        for (long i = 0; i < count; i++)
        {
            var key = reader.ReadString($"key {i}", GgufLimits.MaxKeyBytes, strictUtf8: true);
            if (key.Length == 0)
            {
                throw new GgufException($"key {i}: the name is empty");
            }

            var what = $"key {GgufText.Quote(key)}";
            if (metadata.Contains(key))
            {
                throw new GgufException($"{what}: occurs twice");
            }

            metadata.Set(key, GgufValueReader.Read(reader, what));
            if (reader.Position > GgufLimits.MaxMetadataBytes)
            {
                throw new GgufException($"{what}: metadata exceeds the limit of {GgufLimits.MaxMetadataBytes} bytes");
            }
        }

        return metadata;
    }

    private static uint ReadAlignment(GgufMetadata metadata)
    {
        if (!metadata.Contains("general.alignment"))
        {
            return GgufLimits.DefaultAlignment;
        }

        return metadata.GetValue("general.alignment") is uint alignment
            && alignment is > 0 and <= GgufLimits.MaxAlignment && (alignment & (alignment - 1)) == 0
            ? alignment
            : throw new GgufException($"key 'general.alignment': must be a u32 power of two, at most {GgufLimits.MaxAlignment}");
    }

    private static List<GgufTensorInfo> ReadTensors(GgufStreamReader reader, long count, uint alignment)
    {
        var tensors = new List<GgufTensorInfo>((int)count);
        var names = new HashSet<string>((int)count, StringComparer.Ordinal);
        long expectedOffset = 0;
        for (long i = 0; i < count; i++)
        {
            var tensor = ReadTensor(reader, i);
            var what = $"tensor {GgufText.Quote(tensor.Name)}";
            if (!names.Add(tensor.Name))
            {
                throw new GgufException($"{what}: occurs twice");
            }

            if (tensor.Offset != expectedOffset)
            {
                throw new GgufException($"{what}: data offset {(ulong)tensor.Offset} is not {expectedOffset}, the end of the tensor before it");
            }

            if (tensor.ByteCount > long.MaxValue - expectedOffset - alignment)
            {
                throw new GgufException($"{what}: the sizes of the tensors overflow");
            }

            expectedOffset = AlignUp(expectedOffset + tensor.ByteCount, alignment);
            tensors.Add(tensor);
        }

        return tensors;
    }

    private static GgufTensorInfo ReadTensor(GgufStreamReader reader, long index)
    {
        var name = reader.ReadString($"tensor {index}", GgufLimits.MaxTensorNameBytes, strictUtf8: true);
        var what = $"tensor {GgufText.Quote(name)}";
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
        {
            throw new GgufException($"tensor {index}: the name is empty or contains a zero byte");
        }

        var dimensions = reader.ReadUInt32(what);
        if (dimensions is 0 or > GgufLimits.MaxDimensions)
        {
            throw new GgufException($"{what}: {dimensions} dimensions, allowed are 1..{GgufLimits.MaxDimensions}");
        }

        var shape = new long[dimensions];
        long elements = 1;
        for (var i = 0; i < shape.Length; i++)
        {
            shape[i] = reader.ReadInt64(what);
            if (shape[i] < 0)
            {
                throw new GgufException($"{what}: dimension {i} is negative");
            }

            if (shape[i] != 0 && elements >= long.MaxValue / shape[i])
            {
                throw new GgufException($"{what}: the number of elements overflows");
            }

            elements *= shape[i];
        }

        var type = (TensorType)reader.ReadUInt32(what);
        if (!TensorTypes.IsKnown(type))
        {
            throw new GgufException($"{what}: tensor type {(uint)type} is not supported");
        }

        var blockElements = TensorTypes.BlockElements(type);
        if (shape[0] % blockElements != 0)
        {
            throw new GgufException($"{what}: rows of {shape[0]} elements are not a multiple of the {TensorTypes.Name(type)} block of {blockElements}");
        }

        var blocks = elements / blockElements;
        if (blocks > long.MaxValue / TensorTypes.BlockBytes(type))
        {
            throw new GgufException($"{what}: the size in bytes overflows");
        }

        var offset = reader.ReadInt64(what);
        return new GgufTensorInfo(name, type, shape, elements, blocks * TensorTypes.BlockBytes(type), offset);
    }

    private static void CheckInsideFile(List<GgufTensorInfo> tensors, long dataOffset, long length)
    {
        foreach (var tensor in tensors)
        {
            if (dataOffset > length || tensor.Offset > length - dataOffset || tensor.ByteCount > length - dataOffset - tensor.Offset)
            {
                throw new GgufException(
                    $"tensor {GgufText.Quote(tensor.Name)}: its {tensor.ByteCount} bytes at data offset {tensor.Offset} are not all inside the file of {length} bytes");
            }
        }
    }

    private static long AlignUp(long position, uint alignment) => (position + alignment - 1) & -(long)alignment;
}
