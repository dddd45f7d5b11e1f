using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace LlavaServer.Models.Gguf;

/// <summary>
/// Keys and values of a GGUF file in file order. Typed getters never convert between kinds; only integers of any width that fit are taken for one
/// another. A missing key or a wrong type is a <see cref="GgufException"/> that names the key. Immutable after loading, any thread; arrays are not
/// copied and must not be changed.
/// </summary>
public sealed class GgufMetadata
{
    private readonly OrderedDictionary<string, object> values = new(StringComparer.Ordinal);

    internal GgufMetadata()
    {
    }

    /// <summary>All keys in file order.</summary>
    public IReadOnlyList<string> Keys => values.Keys;

    public bool Contains(string key) => values.ContainsKey(key);

    /// <summary>The value as it is stored: a boxed scalar, a string, or an array of scalars or strings.</summary>
    public object GetValue(string key) => values.TryGetValue(key, out var value) ? value : throw Missing(key);

    public bool TryGetValue(string key, [NotNullWhen(true)] out object? value) => values.TryGetValue(key, out value);

    /// <summary>Whether the key exists and holds an array.</summary>
    public bool IsArray(string key) => values.TryGetValue(key, out var value) && value is Array;

    public string GetString(string key) => GetValue(key) as string ?? throw WrongType(key, "a string");

    [return: NotNullIfNotNull(nameof(defaultValue))]
    public string? GetString(string key, string? defaultValue) => Contains(key) ? GetString(key) : defaultValue;

    public bool TryGetString(string key, [NotNullWhen(true)] out string? value)
    {
        value = GetString(key, null);
        return value is not null;
    }

    public bool GetBoolean(string key) => GetValue(key) is bool value ? value : throw WrongType(key, "a boolean");

    public bool GetBoolean(string key, bool defaultValue) => Contains(key) ? GetBoolean(key) : defaultValue;

    public float GetFloat32(string key) => GetValue(key) is float value ? value : throw WrongType(key, "a 32-bit float");

    public float GetFloat32(string key, float defaultValue) => Contains(key) ? GetFloat32(key) : defaultValue;

    public uint GetUInt32(string key) => GetInteger<uint>(key);

    public uint GetUInt32(string key, uint defaultValue) => Contains(key) ? GetUInt32(key) : defaultValue;

    public bool TryGetUInt32(string key, out uint value)
    {
        value = GetUInt32(key, 0);
        return Contains(key);
    }

    public int GetInt32(string key) => GetInteger<int>(key);

    public int GetInt32(string key, int defaultValue) => Contains(key) ? GetInt32(key) : defaultValue;

    public long GetInt64(string key) => GetInteger<long>(key);

    public long GetInt64(string key, long defaultValue) => Contains(key) ? GetInt64(key) : defaultValue;

    public ulong GetUInt64(string key) => GetInteger<ulong>(key);

    public string[] GetStrings(string key) => GetValue(key) as string[] ?? throw WrongType(key, "an array of strings");

    public bool TryGetStrings(string key, [NotNullWhen(true)] out string[]? value)
    {
        value = Contains(key) ? GetStrings(key) : null;
        return value is not null;
    }

    public float[] GetFloat32s(string key) => GetValue(key) as float[] ?? throw WrongType(key, "an array of 32-bit floats");

    public bool TryGetFloat32s(string key, [NotNullWhen(true)] out float[]? value)
    {
        value = Contains(key) ? GetFloat32s(key) : null;
        return value is not null;
    }

    public bool[] GetBooleans(string key) => GetValue(key) as bool[] ?? throw WrongType(key, "an array of booleans");

    public int[] GetInt32s(string key) => GetIntegers<int>(key);

    public bool TryGetInt32s(string key, [NotNullWhen(true)] out int[]? value)
    {
        value = Contains(key) ? GetInt32s(key) : null;
        return value is not null;
    }

    public uint[] GetUInt32s(string key) => GetIntegers<uint>(key);

    public long[] GetInt64s(string key) => GetIntegers<long>(key);

    /// <summary>A per-layer number that a file gives either once or as an array of exactly <paramref name="layerCount"/>.</summary>
    public int[] GetPerLayer(string key, int layerCount)
    {
        if (!IsArray(key))
        {
            var layers = new int[layerCount];
            Array.Fill(layers, GetInt32(key));
            return layers;
        }

        var values = GetInt32s(key);
        return values.Length == layerCount
            ? values
            : throw new GgufException($"key {GgufText.Quote(key)}: has {values.Length} elements for {layerCount} layers");
    }

    internal void Set(string key, object value) => values[key] = value;

    private T GetInteger<T>(string key)
        where T : struct, IBinaryInteger<T>
    {
        var value = GetValue(key);
        return value is not Array && TryToInteger(value, out T result)
            ? result
            : throw WrongType(key, $"an integer that fits in {typeof(T).Name}");
    }

    private T[] GetIntegers<T>(string key)
        where T : struct, IBinaryInteger<T>
    {
        // Exact types: a pattern such as "is uint[]" would also take int[].
        var value = GetValue(key);
        var type = value.GetType();
        return type == typeof(T[]) ? (T[])value
            : type == typeof(byte[]) ? Widen<byte, T>(key, value)
            : type == typeof(sbyte[]) ? Widen<sbyte, T>(key, value)
            : type == typeof(ushort[]) ? Widen<ushort, T>(key, value)
            : type == typeof(short[]) ? Widen<short, T>(key, value)
            : type == typeof(uint[]) ? Widen<uint, T>(key, value)
            : type == typeof(int[]) ? Widen<int, T>(key, value)
            : type == typeof(ulong[]) ? Widen<ulong, T>(key, value)
            : type == typeof(long[]) ? Widen<long, T>(key, value)
            : throw WrongType(key, "an array of integers");
    }

    private static bool TryToInteger<T>(object value, out T result)
        where T : struct, IBinaryInteger<T>
    {
        Int128 wide;
        switch (value)
        {
            case byte number: wide = number; break;
            case sbyte number: wide = number; break;
            case ushort number: wide = number; break;
            case short number: wide = number; break;
            case uint number: wide = number; break;
            case int number: wide = number; break;
            case ulong number: wide = number; break;
            case long number: wide = number; break;
            default:
                result = default;
                return false;
        }

        result = T.CreateTruncating(wide);
        return Int128.CreateTruncating(result) == wide;
    }

    private static T[] Widen<TFrom, T>(string key, object value)
        where TFrom : struct, IBinaryInteger<TFrom>
        where T : struct, IBinaryInteger<T>
    {
        var source = (TFrom[])value;
        var result = new T[source.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = T.CreateTruncating(source[i]);
            if (Int128.CreateTruncating(result[i]) != Int128.CreateTruncating(source[i]))
            {
                throw WrongType(key, $"an array of integers that fit in {typeof(T).Name}");
            }
        }

        return result;
    }

    private static GgufException Missing(string key) => new($"key {GgufText.Quote(key)}: is missing");

    private static GgufException WrongType(string key, string expected) => new($"key {GgufText.Quote(key)}: must be {expected}");
}
