using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace LlavaServer.Models.Gguf;

/// <summary>Writes metadata values; the counterpart of <see cref="GgufValueReader"/>.</summary>
internal static class GgufValueWriter
{
    public static void CheckType(object value) => TypeOf(value is Array ? value.GetType().GetElementType()! : value.GetType());

    public static void WriteString(Stream stream, string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        WriteUInt64(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    public static void Write(Stream stream, object value)
    {
        if (value is Array array)
        {
            WriteUInt32(stream, (uint)GgufValueType.Array);
            WriteUInt32(stream, (uint)TypeOf(value.GetType().GetElementType()!));
            WriteUInt64(stream, (ulong)array.Length);
            WriteElements(stream, array);
            return;
        }

        var type = TypeOf(value.GetType());
        WriteUInt32(stream, (uint)type);
        if (value is string text)
        {
            WriteString(stream, text);
            return;
        }

        var one = Array.CreateInstance(value.GetType(), 1);
        one.SetValue(value, 0);
        WriteElements(stream, one);
    }

    private static void WriteElements(Stream stream, Array array)
    {
        if (array is string[] strings)
        {
            foreach (var text in strings)
            {
                WriteString(stream, text);
            }

            return;
        }

        // Scalars are little-endian in the file as in memory; a bool is one byte, 0 or 1.
        var bytes = MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetArrayDataReference(array), Buffer.ByteLength(array));
        stream.Write(bytes);
    }

    private static GgufValueType TypeOf(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Byte => GgufValueType.UInt8,
        TypeCode.SByte => GgufValueType.Int8,
        TypeCode.UInt16 => GgufValueType.UInt16,
        TypeCode.Int16 => GgufValueType.Int16,
        TypeCode.UInt32 => GgufValueType.UInt32,
        TypeCode.Int32 => GgufValueType.Int32,
        TypeCode.Single => GgufValueType.Float32,
        TypeCode.Boolean => GgufValueType.Boolean,
        TypeCode.String => GgufValueType.String,
        TypeCode.UInt64 => GgufValueType.UInt64,
        TypeCode.Int64 => GgufValueType.Int64,
        TypeCode.Double => GgufValueType.Float64,
        _ => throw new ArgumentException($"A value of type {type.Name} cannot be stored in a GGUF file.", nameof(type)),
    };

    private static void WriteUInt32(Stream stream, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void WriteUInt64(Stream stream, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        stream.Write(bytes);
    }
}
