namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>A list or tuple of a rendering.</summary>
internal sealed class JinjaList(List<object?> items, bool isTuple = false)
{
    public List<object?> Items { get; } = items;

    public bool IsTuple { get; } = isTuple;
}
