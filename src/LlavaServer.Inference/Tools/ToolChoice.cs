namespace LlavaServer.Inference.Tools;

/// <summary>Which tools a request lets or makes the model call. Immutable.</summary>
public sealed record ToolChoice
{
    private ToolChoice(ToolChoiceKind kind, string? name = null)
    {
        Kind = kind;
        Name = name;
    }

    public static ToolChoice Auto { get; } = new(ToolChoiceKind.Auto);

    public static ToolChoice None { get; } = new(ToolChoiceKind.None);

    public static ToolChoice Required { get; } = new(ToolChoiceKind.Required);

    public ToolChoiceKind Kind { get; }

    /// <summary>The tool of <see cref="ToolChoiceKind.Named"/>, else null.</summary>
    public string? Name { get; }

    /// <summary>A call of this tool, which is one of the request's.</summary>
    public static ToolChoice Named(string name) => new(ToolChoiceKind.Named, name);
}
