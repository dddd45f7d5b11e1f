namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>A failure inside the interpreter before template and line are known; always turned into a <see cref="JinjaException"/>.</summary>
internal sealed class JinjaFault(JinjaError error, string reason) : Exception(reason)
{
    public JinjaError Error { get; } = error;

    public static JinjaFault Value(string reason) => new(JinjaError.Value, reason);
}
