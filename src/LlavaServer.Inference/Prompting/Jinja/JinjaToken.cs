namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>A piece of a template's source, with the line it starts on.</summary>
internal readonly record struct JinjaToken(JinjaTokenKind Kind, string Text, int Line)
{
    public bool Is(string operatorText) => Kind == JinjaTokenKind.Operator && Text == operatorText;

    public bool IsName(string name) => Kind == JinjaTokenKind.Name && Text == name;
}
