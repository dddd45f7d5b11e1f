using System.Text;

namespace LlavaServer.Inference.Prompting.Named;

/// <summary>
/// A prompt format by the name that Ollama gives it: what stands before and behind the messages of each role, and what the answer begins with. Immutable.
/// </summary>
/// <param name="Name">Ollama's.</param>
/// <param name="User">Before and behind a user's text.</param>
/// <param name="Assistant">Before and behind an answer.</param>
/// <param name="Answer">What the model goes on from.</param>
/// <param name="Stops">Texts that end its answers.</param>
internal sealed record NamedTemplate(string Name, (string Before, string Behind) User, (string Before, string Behind) Assistant, string Answer, params string[] Stops)
{
    /// <summary>Before and behind a system text in a turn of its own; null for a format that has no such turn.</summary>
    public (string Before, string Behind)? System { get; init; }

    /// <summary>Before and behind a system text at the beginning of the first user's text; null for a format that puts it elsewhere.</summary>
    public (string Before, string Behind)? SystemInUser { get; init; }

    /// <summary>Whether its makers' template takes system texts; of two formats that differ in nothing else it tells them apart. Null for either.</summary>
    public bool? TakesSystem { get; init; }

    /// <summary>The format as a Go template over messages.</summary>
    public string ToGo()
    {
        var text = new StringBuilder("{{- range $i, $_ := .Messages }}");
        text.Append("{{- if eq .Role \"user\" }}");
        Literal(text, User.Before);
        if (SystemInUser is { } inUser)
        {
            // The first user's text is the first message but for the system text.
            text.Append("{{- if and $.System (le $i 1) }}");
            Literal(text, inUser.Before);
            text.Append("{{ $.System }}");
            Literal(text, inUser.Behind);
            text.Append("{{- end }}");
        }

        text.Append("{{ .Content }}");
        Literal(text, User.Behind);
        if (System is { } system)
        {
            text.Append("{{- else if eq .Role \"system\" }}");
            Turn(text, system);
        }

        text.Append("{{- else if eq .Role \"assistant\" }}");
        Turn(text, Assistant);
        text.Append("{{- end }}{{- end }}");
        Literal(text, Answer);
        return text.ToString();
    }

    private static void Turn(StringBuilder text, (string Before, string Behind) around)
    {
        Literal(text, around.Before);
        text.Append("{{ .Content }}");
        Literal(text, around.Behind);
    }

    // White space in front of a trimming action would be lost, so texts that have some at an end are quoted.
    private static void Literal(StringBuilder text, string literal)
    {
        if (literal.Length > 0 && (char.IsWhiteSpace(literal[0]) || char.IsWhiteSpace(literal[^1])))
        {
            text.Append("{{ \"").Append(literal.Replace("\n", "\\n", StringComparison.Ordinal)).Append("\" }}");
            return;
        }

        text.Append(literal);
    }
}
