namespace LlavaServer.Inference.Engines;

/// <summary>Which models run in a process of their own, by the settings <c>Engine:Process</c> and <c>Engine:Processes</c>. Immutable.</summary>
internal sealed class EnginePlaces
{
    private const string DefaultTag = ":latest";
    private readonly Dictionary<string, bool> _inChild = new(StringComparer.OrdinalIgnoreCase);
    private readonly bool _usual;

    /// <summary>Throws <see cref="FormatException"/> with the part of the setting that is not of the form <c>name=in</c> or <c>name=child</c>.</summary>
    public EnginePlaces(EngineOptions options)
    {
        _usual = options.Process == EngineOptions.InChild;
        foreach (var part in (options.Processes ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var sign = part.LastIndexOf('=');
            var place = part[(sign + 1)..].Trim();
            if (sign <= 0 || place is not (EngineOptions.InChild or EngineOptions.InServer))
            {
                throw new FormatException(part);
            }

            _inChild[WithoutTag(part[..sign].Trim())] = place == EngineOptions.InChild;
        }
    }

    /// <summary>Names with and without <c>:latest</c> are the same name.</summary>
    public bool InOwnProcess(string model) => _inChild.GetValueOrDefault(WithoutTag(model), _usual);

    private static string WithoutTag(string name) => name.EndsWith(DefaultTag, StringComparison.OrdinalIgnoreCase) ? name[..^DefaultTag.Length] : name;
}
