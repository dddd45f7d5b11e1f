namespace LlavaServer.Models.Gguf;

/// <summary>Reads one metadata value: a boxed scalar, a string, or a typed array.</summary>
internal static class GgufValueReader
{
    public static object Read(GgufStreamReader reader, string what)
    {
        var type = (GgufValueType)reader.ReadUInt32(what);
        if (type != GgufValueType.Array)
        {
            return ReadScalar(reader, what, type);
        }

        var elementType = (GgufValueType)reader.ReadUInt32(what);
        var count = reader.ReadUInt64(what);
        return ReadArray(reader, what, elementType, count);
    }

    private static object ReadScalar(GgufStreamReader reader, string what, GgufValueType type) => type switch
    {
        GgufValueType.UInt8 => reader.Read<byte>(what),
        GgufValueType.Int8 => reader.Read<sbyte>(what),
        GgufValueType.UInt16 => reader.Read<ushort>(what),
        GgufValueType.Int16 => reader.Read<short>(what),
        GgufValueType.UInt32 => reader.Read<uint>(what),
        GgufValueType.Int32 => reader.Read<int>(what),
        GgufValueType.Float32 => reader.Read<float>(what),
        GgufValueType.Boolean => ToBoolean(reader.Read<byte>(what), what),
        GgufValueType.String => reader.ReadString(what, GgufLimits.MaxStringBytes, strictUtf8: false),
        GgufValueType.UInt64 => reader.Read<ulong>(what),
        GgufValueType.Int64 => reader.Read<long>(what),
        GgufValueType.Float64 => reader.Read<double>(what),
        _ => throw new GgufException($"{what}: value type {(uint)type} is not valid"),
    };

    private static object ReadArray(GgufStreamReader reader, string what, GgufValueType type, ulong count) => type switch
    {
        GgufValueType.UInt8 => reader.ReadArray<byte>(what, count),
        GgufValueType.Int8 => reader.ReadArray<sbyte>(what, count),
        GgufValueType.UInt16 => reader.ReadArray<ushort>(what, count),
        GgufValueType.Int16 => reader.ReadArray<short>(what, count),
        GgufValueType.UInt32 => reader.ReadArray<uint>(what, count),
        GgufValueType.Int32 => reader.ReadArray<int>(what, count),
        GgufValueType.Float32 => reader.ReadArray<float>(what, count),
        GgufValueType.Boolean => Array.ConvertAll(reader.ReadArray<byte>(what, count), value => ToBoolean(value, what)),
        GgufValueType.String => ReadStrings(reader, what, count),
        GgufValueType.UInt64 => reader.ReadArray<ulong>(what, count),
        GgufValueType.Int64 => reader.ReadArray<long>(what, count),
        GgufValueType.Float64 => reader.ReadArray<double>(what, count),
        GgufValueType.Array => throw new GgufException($"{what}: an array of arrays is not allowed"),
        _ => throw new GgufException($"{what}: array element type {(uint)type} is not valid"),
    };

    private static string[] ReadStrings(GgufStreamReader reader, string what, ulong count)
    {
        if (count > (ulong)GgufLimits.MaxStringsInArray)
        {
            throw new GgufException($"{what}: array of {count} strings is longer than the limit of {GgufLimits.MaxStringsInArray}");
        }

        reader.CheckArray(what, count, sizeof(ulong));
        var values = new string[(int)count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = reader.ReadString(what, GgufLimits.MaxStringBytes, strictUtf8: false);
            if (reader.Position > GgufLimits.MaxMetadataBytes)
            {
                throw new GgufException($"{what}: metadata exceeds the limit of {GgufLimits.MaxMetadataBytes} bytes");
            }
        }

        return values;
    }

    private static bool ToBoolean(byte value, string what) => value switch
    {
        0 => false,
        1 => true,
        _ => throw new GgufException($"{what}: boolean has the value {value}"),
    };
}
