namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>Something that can be called: a macro, a function of the language, or a method bound to its value.</summary>
internal sealed class JinjaFunction(string name, Func<JinjaArguments, object?> body)
{
    public string Name { get; } = name;

    public object? Call(JinjaArguments arguments) => body(arguments);
}
