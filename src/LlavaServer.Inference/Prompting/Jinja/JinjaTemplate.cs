namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>
/// A compiled template. Rendering sees only the values that it is given and the functions of the language, and ends at its limits. Immutable, used from
/// any thread. (Language: Jinja 3 as the Hugging Face libraries and llama.cpp use it for chat templates.)
/// </summary>
internal sealed class JinjaTemplate
{
    private readonly JinjaStatement[] _body;

    private JinjaTemplate(string name, string source, JinjaStatement[] body)
    {
        Name = name;
        Source = source;
        _body = body;
    }

    /// <summary>How errors name it.</summary>
    public string Name { get; }

    public string Source { get; }

    /// <summary>Throws <see cref="JinjaException"/>.</summary>
    public static JinjaTemplate Compile(string name, string source) => new(name, source, JinjaParser.Parse(name, source));

    /// <summary>Renders with these names defined. Throws <see cref="JinjaException"/>.</summary>
    public JinjaText Render(IEnumerable<KeyValuePair<string, object?>> values, JinjaLimits limits)
    {
        var globals = new JinjaScope(null);
        foreach (var (name, value) in values)
        {
            globals.Set(name, value);
        }

        return JinjaEvaluator.Render(Name, _body, globals, limits);
    }
}
