namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>
/// Nothing, of the kind that a field of a map of anything holds: its own fields are mistakes. A null reference is nothing at all, as what a pipeline
/// makes of it: its fields are nothing again.
/// </summary>
internal sealed class GoNil
{
    public static readonly GoNil Interface = new();

    private GoNil()
    {
    }

    /// <summary>What the end of a pipeline makes of a value.</summary>
    public static object? Unwrap(object? value) => value is GoNil ? null : value;
}
