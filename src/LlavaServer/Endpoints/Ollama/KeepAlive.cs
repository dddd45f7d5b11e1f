using System.Globalization;
using System.Text.Json;
using LlavaServer.Endpoints.Reading;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>How long a model stays loaded after its last request. A value type of one request.</summary>
/// <param name="Duration">Time of idleness; <see cref="TimeSpan.MaxValue"/> is forever, zero unloads at once, null was not given.</param>
internal readonly record struct KeepAlive(TimeSpan? Duration)
{
    public bool IsUnload => Duration == TimeSpan.Zero;

    /// <summary>As the pool takes it: negative is forever.</summary>
    public TimeSpan? ForPool => Duration == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : Duration;

    /// <summary>Seconds as a number, a Go duration, or seconds in a string; negative is forever.</summary>
    public static KeepAlive Read(JsonFields fields)
    {
        if (!fields.TryGet("keep_alive", out var field))
        {
            return default;
        }

        return field.Kind switch
        {
            JsonValueKind.Number => FromSeconds(field.Element.GetDouble()),
            JsonValueKind.String => FromText(field),
            JsonValueKind.True or JsonValueKind.False => throw Unsupported(field, "bool"),
            JsonValueKind.Array => throw Unsupported(field, "array"),
            _ => throw Unsupported(field, "object"),
        };
    }

    private static KeepAlive FromText(JsonField field)
    {
        var text = field.AsString();

        // Ollama wants a unit here, but its environment variable does not, so people write "300" and "-1".
        if (double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds))
        {
            return FromSeconds(seconds);
        }

        return GoDuration.Parse(text, out var error) is { } duration
            ? new KeepAlive(duration < TimeSpan.Zero ? TimeSpan.MaxValue : duration)
            : throw RequestException.InvalidValue(field.Path, error);
    }

    private static KeepAlive FromSeconds(double seconds) => new(
        seconds < 0 || seconds >= TimeSpan.MaxValue.TotalSeconds ? TimeSpan.MaxValue : TimeSpan.FromSeconds(seconds));

    private static RequestException Unsupported(JsonField field, string type) =>
        RequestException.InvalidValue(field.Path, $"Unsupported type: '{type}'");
}
