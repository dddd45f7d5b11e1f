using System.Globalization;
using System.Text.Json.Nodes;
using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Run;

/// <summary>Parameters by the names of Modelfiles, as a chat completion has them. Owned by one chat.</summary>
internal sealed class ModelParameters
{
    private const string Stop = "stop";

    private static readonly Dictionary<string, (string Field, Func<string, JsonValue?> Read)> s_known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["temperature"] = ("temperature", Real),
        ["top_p"] = ("top_p", Real),
        ["top_k"] = ("top_k", Integer),
        ["min_p"] = ("min_p", Real),
        ["typical_p"] = ("typical_p", Real),
        ["seed"] = ("seed", Integer),
        ["num_predict"] = ("max_tokens", Integer),
        ["repeat_penalty"] = ("repeat_penalty", Real),
        ["repeat_last_n"] = ("repeat_last_n", Integer),
        ["presence_penalty"] = ("presence_penalty", Real),
        ["frequency_penalty"] = ("frequency_penalty", Real),
        [Stop] = (Stop, static text => JsonValue.Create(text)),
    };

    private readonly Dictionary<string, JsonNode> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonNode> _options = new(StringComparer.Ordinal);

    /// <summary>Sets <c>name=value</c>; stop texts add up. Throws <see cref="VerbException"/> for an unknown name or a value of another kind.</summary>
    public void Set(string name, string value)
    {
        if (!s_known.TryGetValue(name, out var known))
        {
            throw new VerbException(ExitCodes.WrongUsage, $"{name} is no parameter; there are {string.Join(", ", s_known.Keys)}.");
        }

        JsonNode node = known.Read(value) ?? throw new VerbException(ExitCodes.WrongUsage, $"{name} must be {(known.Read == Integer ? "a whole number" : "a number")}, not '{value}'.");
        if (known.Field == Stop)
        {
            node = _values.TryGetValue(Stop, out var before) ? new JsonArray([.. before.AsArray().Select(static text => text!.DeepClone()), node]) : new JsonArray(node);
        }

        _values[known.Field] = node;
        _options[s_known.Keys.First(key => key.Equals(name, StringComparison.OrdinalIgnoreCase))] = node;
    }

    /// <summary>Sets one of the form <c>name=value</c>.</summary>
    public void Set(string assignment)
    {
        var sign = assignment.IndexOf('=', StringComparison.Ordinal);
        if (sign < 1)
        {
            throw new VerbException(ExitCodes.WrongUsage, $"--param must be name=value, not '{assignment}'.");
        }

        Set(assignment[..sign].Trim(), assignment[(sign + 1)..]);
    }

    public void AddTo(JsonObject request)
    {
        foreach (var (name, value) in _values)
        {
            request[name] = value.DeepClone();
        }
    }

    /// <summary>By the names of Modelfiles.</summary>
    public JsonObject ToOptions() => new(_options.Select(static option => KeyValuePair.Create(option.Key, (JsonNode?)option.Value.DeepClone())));

    private static JsonValue? Real(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? JsonValue.Create(value) : null;

    private static JsonValue? Integer(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? JsonValue.Create(value) : null;
}
