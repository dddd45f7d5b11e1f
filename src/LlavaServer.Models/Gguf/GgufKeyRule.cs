namespace LlavaServer.Models.Gguf;

/// <summary>What one metadata key may hold: its kind, and the range of its numbers or the length of its array.</summary>
internal sealed class GgufKeyRule
{
    private readonly Action<GgufMetadata, string> check;

    private GgufKeyRule(string name, Action<GgufMetadata, string> check)
    {
        Name = name;
        this.check = check;
    }

    public string Name { get; }

    public static GgufKeyRule String(string name) => new(name, static (metadata, key) => metadata.GetString(key));

    public static GgufKeyRule Boolean(string name) => new(name, static (metadata, key) => metadata.GetBoolean(key));

    public static GgufKeyRule Integer(string name, long min, long max) =>
        new(name, (metadata, key) => CheckInteger(key, metadata.GetInt64(key), min, max));

    /// <summary>A scalar in the range, or an array of numbers in the range or 0 (a layer that has none).</summary>
    public static GgufKeyRule IntegerPerLayer(string name, long min, long max) => new(name, (metadata, key) =>
    {
        if (!metadata.IsArray(key))
        {
            CheckInteger(key, metadata.GetInt64(key), min, max);
            return;
        }

        var values = metadata.GetInt64s(key);
        CheckLength(key, values.Length, 1, 1_024);
        foreach (var value in values)
        {
            CheckInteger(key, value, 0, max);
        }
    });

    public static GgufKeyRule Float(string name, float min, float max) =>
        new(name, (metadata, key) => CheckFloat(key, metadata.GetFloat32(key), min, max));

    public static GgufKeyRule Strings(string name, int minLength, int maxLength) =>
        new(name, (metadata, key) => CheckLength(key, metadata.GetStrings(key).Length, minLength, maxLength));

    public static GgufKeyRule Integers(string name, int minLength, int maxLength, long min, long max) => new(name, (metadata, key) =>
    {
        var values = metadata.GetInt64s(key);
        CheckLength(key, values.Length, minLength, maxLength);
        foreach (var value in values)
        {
            CheckInteger(key, value, min, max);
        }
    });

    public static GgufKeyRule Floats(string name, int minLength, int maxLength, float min, float max) => new(name, (metadata, key) =>
    {
        var values = metadata.GetFloat32s(key);
        CheckLength(key, values.Length, minLength, maxLength);
        foreach (var value in values)
        {
            CheckFloat(key, value, min, max);
        }
    });

    public void Check(GgufMetadata metadata, string key)
    {
        if (metadata.Contains(key))
        {
            check(metadata, key);
        }
    }

    private static void CheckInteger(string key, long value, long min, long max)
    {
        if (value < min || value > max)
        {
            throw new GgufException($"key {GgufText.Quote(key)}: {value} is outside {min}..{max}");
        }
    }

    private static void CheckFloat(string key, float value, float min, float max)
    {
        // Written so that NaN fails.
        if (!(value >= min && value <= max))
        {
            throw new GgufException($"key {GgufText.Quote(key)}: {value} is outside {min}..{max}");
        }
    }

    private static void CheckLength(string key, int length, int min, int max)
    {
        if (length < min || length > max)
        {
            throw new GgufException($"key {GgufText.Quote(key)}: {length} elements, allowed are {min}..{max}");
        }
    }
}
