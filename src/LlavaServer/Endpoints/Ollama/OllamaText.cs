using System.Text;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Callers' words inside error texts: short, so that an error never carries a body back.</summary>
internal static class OllamaText
{
    /// <summary>Longer than any valid model name with host, namespace and tag.</summary>
    private const int MaxLength = 600;

    public static string Cut(string text) => text.Length <= MaxLength ? text : string.Concat(text.AsSpan(0, MaxLength), "...");

    /// <summary>In double quotes as Go's <c>%q</c> writes it.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var character in Cut(text))
        {
            _ = character switch
            {
                '"' or '\\' => quoted.Append('\\').Append(character),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                < ' ' or '\x7F' => quoted.Append($"\\x{(int)character:x2}"),
                _ => quoted.Append(character),
            };
        }

        return quoted.Append('"').ToString();
    }
}
