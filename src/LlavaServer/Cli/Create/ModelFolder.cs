using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Create;

/// <summary>Which files of a folder are a model: the first kind of weights that is there, and what belongs to it. (Rules: Ollama's.)</summary>
internal static class ModelFolder
{
    private static readonly string[] s_weights = ["model*.safetensors", "consolidated*.safetensors", "adapter_model*.safetensors", "pytorch_model*.bin", "consolidated*.pth", "*.gguf", "*.bin"];
    private static readonly string[] s_others = ["*.json", "chat_template.jinja", "tokenizer.model"];

    /// <summary>Names, relative to the folder and with slashes, and paths. Throws <see cref="VerbException"/> for a folder without weights.</summary>
    public static IEnumerable<(string Name, string Path)> Files(string folder)
    {
        foreach (var pattern in s_weights)
        {
            var files = Find(folder, pattern, isDeep: pattern == s_weights[0]);
            if (files.Count == 0)
            {
                continue;
            }

            // A GGUF file has everything in it.
            string[] others = pattern == "*.gguf" ? [] : [.. s_others.SelectMany(other => Find(folder, other, isDeep: false))];
            return files.Concat(others).Select(file => (System.IO.Path.GetRelativePath(folder, file).Replace('\\', '/'), file));
        }

        throw new VerbException(ExitCodes.WrongUsage, $"{folder}: no Modelfile or safetensors files found");
    }

    private static List<string> Find(string folder, string pattern, bool isDeep) =>
    [
        .. Directory.EnumerateFiles(folder, pattern).Order(StringComparer.Ordinal),
        .. (isDeep ? Directory.EnumerateDirectories(folder) : []).SelectMany(inner => Directory.EnumerateFiles(inner, pattern)).Order(StringComparer.Ordinal),
    ];
}
