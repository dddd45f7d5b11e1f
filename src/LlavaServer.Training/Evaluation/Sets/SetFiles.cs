using System.Text.Encodings.Web;
using System.Text.Json;

namespace LlavaServer.Training.Evaluation.Sets;

/// <summary>Writes the files of question sets: JSON and JSON lines.</summary>
internal static class SetFiles
{
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Lines(string folder, string name, IEnumerable<object> lines)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, name), string.Concat(lines.Select(static line => JsonSerializer.Serialize(line, s_json) + "\n")));
    }

    public static void Whole(string folder, string name, object value)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, name), JsonSerializer.Serialize(value, s_json) + "\n");
    }
}
