namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>The value of a name or an entry that does not exist: empty, false, and without entries of its own.</summary>
internal sealed class JinjaUndefined
{
    public static readonly JinjaUndefined Instance = new();

    private JinjaUndefined()
    {
    }
}
