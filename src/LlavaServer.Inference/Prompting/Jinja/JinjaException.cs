namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>
/// A template that cannot be compiled or a rendering that ended early. The message names the template and the line; it never contains text of a
/// conversation, except what the template itself passes to <c>raise_exception</c>.
/// </summary>
internal sealed class JinjaException(JinjaError error, string template, int line, string reason)
    : Exception($"template '{template}', line {line}: {Cut(reason)}")
{
    // A template may put any text into its refusal.
    private const int LongestReason = 400;

    public JinjaError Error { get; } = error;

    public int Line { get; } = line;

    public string Reason { get; } = Cut(reason);

    private static string Cut(string reason) => reason.Length <= LongestReason ? reason : reason[..LongestReason] + "...";
}
