using System.Runtime.InteropServices;
using System.Text.Json;

namespace LlavaServer.Endpoints.Reading;

/// <summary>
/// One JSON value with its path. The typed readers throw <see cref="RequestException"/> with that path: <c>invalid_type</c> for another kind of value,
/// <c>invalid_value</c> for one out of range. Valid until the <see cref="JsonBody"/> is disposed.
/// </summary>
internal readonly struct JsonField(JsonElement element, string path, bool ignoresCase)
{
    public JsonElement Element => element;

    public JsonValueKind Kind => element.ValueKind;

    public string Path => path;

    /// <summary>Name of the member as it is written; empty for an array's item.</summary>
    public string Name { get; init; } = "";

    /// <summary>The bytes of a string between its quotes, escapes not resolved. For long texts that must not become UTF-16.</summary>
    public ReadOnlySpan<byte> RawString
    {
        get
        {
            Expect(JsonValueKind.String, "a string");
            return JsonMarshal.GetRawUtf8Value(element)[1..^1];
        }
    }

    public string AsString()
    {
        Expect(JsonValueKind.String, "a string");
        return element.GetString()!;
    }

    public bool AsBoolean() => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw WrongType("a boolean"),
    };

    /// <summary>An integer; <c>4.0</c> and <c>4e0</c> are integers, <c>4.5</c> is not.</summary>
    public long AsInt64(long min = long.MinValue, long max = long.MaxValue)
    {
        Expect(JsonValueKind.Number, "an integer");
        if (!element.TryGetInt64(out var value))
        {
            var number = element.GetDouble();
            if (double.IsFinite(number) && number != Math.Truncate(number))
            {
                throw RequestException.InvalidType(path, "an integer", "a fraction");
            }

            // 2^63 itself is not a long, and every double at or above it is out of range.
            value = double.IsFinite(number) && Math.Abs(number) < 9.2e18 ? (long)number : throw OutOfRange(min, max);
        }

        return value >= min && value <= max ? value : throw OutOfRange(min, max);
    }

    public double AsNumber(double min = double.MinValue, double max = double.MaxValue)
    {
        Expect(JsonValueKind.Number, "a number");
        var value = element.GetDouble();
        return double.IsFinite(value) && value >= min && value <= max ? value : throw OutOfRange(min, max);
    }

    public JsonFields AsObject()
    {
        Expect(JsonValueKind.Object, "an object");
        return new JsonFields(element, path, ignoresCase);
    }

    /// <summary>Items of an array with their paths, <c>null</c> ones included.</summary>
    public IEnumerable<JsonField> AsArray(int maxCount = int.MaxValue)
    {
        Expect(JsonValueKind.Array, "an array");
        var count = element.GetArrayLength();
        if (count > maxCount)
        {
            throw RequestException.InvalidValue(path, $"'{path}' has {count} items; at most {maxCount} are allowed.");
        }

        return Items(element, path, ignoresCase);
    }

    public RequestException WrongType(string expected) => RequestException.InvalidType(path, expected, NameOf(element.ValueKind));

    private static IEnumerable<JsonField> Items(JsonElement array, string path, bool ignoresCase)
    {
        var index = 0;
        foreach (var item in array.EnumerateArray())
        {
            yield return new JsonField(item, $"{path}[{index++}]", ignoresCase);
        }
    }

    private void Expect(JsonValueKind kind, string expected)
    {
        if (element.ValueKind != kind)
        {
            throw WrongType(expected);
        }
    }

    private RequestException OutOfRange<T>(T min, T max)
        where T : struct =>
        RequestException.InvalidValue(path, $"Invalid value for '{path}': it must be between {min} and {max}.");

    private static string NameOf(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => "null",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        JsonValueKind.Number => "a number",
        JsonValueKind.String => "a string",
        JsonValueKind.Array => "an array",
        _ => "an object",
    };
}
