using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>
/// A compiled template. Rendering sees only the values that it is given and the functions of the language, and ends at its limits. Immutable, used from
/// any thread. (Language: Go's text/template with Ollama's functions.)
/// </summary>
internal sealed class GoProgram
{
    private const string Response = "Response";

    private readonly IReadOnlyDictionary<string, GoNode[]> _parts;
    private readonly IReadOnlyList<GoNode> _cut;

    private GoProgram(string name, string source, IReadOnlyDictionary<string, GoNode[]> parts)
    {
        Name = name;
        Source = source;
        Names = GoNames.In(parts.Values, name);
        if (!Names.Contains("messages") && !Names.Contains("response"))
        {
            var line = source.AsSpan().Count('\n') + 1;
            var response = new GoActionNode(line, new GoPipe(line, false, [], [new GoCommand([new GoField([Response])])]));
            parts = new Dictionary<string, GoNode[]>(parts) { [""] = [.. parts[""], response] };
        }

        _parts = parts;
        _cut = GoCut.Behind(parts[""], Response);
    }

    /// <summary>How errors name it.</summary>
    public string Name { get; }

    public string Source { get; }

    /// <summary>Names of all fields and variables that it reads, in lower case.</summary>
    public IReadOnlySet<string> Names { get; }

    /// <summary>Throws <see cref="JinjaException"/>.</summary>
    public static GoProgram Compile(string name, string source) => new(name, source, GoParser.Parse(name, source));

    /// <summary>The nodes of a named part, or null.</summary>
    public IReadOnlyList<GoNode>? Part(string name) => _parts.GetValueOrDefault(name);

    /// <summary>Renders with this value as dot. Throws <see cref="JinjaException"/>.</summary>
    public JinjaText Render(object? data, DateTimeOffset now, JinjaBudget budget) => GoEvaluator.Render(this, _parts[""], data, now, budget);

    /// <summary>Renders without what stands behind the response: where the model goes on. Throws <see cref="JinjaException"/>.</summary>
    public JinjaText RenderCut(object? data, DateTimeOffset now, JinjaBudget budget) => GoEvaluator.Render(this, _cut, data, now, budget);
}
