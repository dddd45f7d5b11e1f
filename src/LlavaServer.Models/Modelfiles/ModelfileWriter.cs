using System.Text;

namespace LlavaServer.Models.Modelfiles;

/// <summary>Prints instructions of Modelfiles as Ollama does.</summary>
internal static class ModelfileWriter
{
    private const string Mark = "\"";
    private const string LongMark = "\"\"\"";

    public static void Append(StringBuilder text, ModelfileInstruction instruction)
    {
        text.Append(instruction.Kind.ToString().ToUpperInvariant()).Append(' ');
        if (instruction.Name is { } name)
        {
            text.Append(name).Append(' ');
        }

        text.Append(instruction.Kind == ModelfileInstructionKind.From ? instruction.Value : Quote(instruction.Value)).Append('\n');
    }

    // There are no escapes, so only what a line cannot hold is quoted: line ends, white space at an end, and a mark at the beginning, which would be taken
    // for a quote (Ollama prints that one bare and cannot read it back).
    private static string Quote(string value)
    {
        if (value.AsSpan().IndexOfAny('\n', '\r') < 0 && value.AsSpan().Trim().Length == value.Length && !value.StartsWith(Mark, StringComparison.Ordinal))
        {
            return value;
        }

        var mark = value.Contains('"', StringComparison.Ordinal) ? LongMark : Mark;
        return mark + value + mark;
    }
}
