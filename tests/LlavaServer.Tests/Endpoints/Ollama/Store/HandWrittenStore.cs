using System.Security.Cryptography;
using System.Text;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama.Store;

/// <summary>A store as Ollama leaves one behind, written here file by file, with none of the server's own code. Owned by one test.</summary>
/// <param name="words">Tokens of its models behind those of <see cref="ScriptedVocabulary"/>.</param>
internal sealed class HandWrittenStore(IReadOnlyList<string>? words = null) : IDisposable
{
    public const string System = "You are a careful assistant.";
    public const string Template = "{{ .System }}\nUSER: {{ .Prompt }}\nASSISTANT: ";
    private readonly ScriptedModel _files = new("files", sees: true, words);

    public string Root { get; } = Directory.CreateTempSubdirectory("llava-störe 模型-").FullName;

    public byte[] Weights => File.ReadAllBytes(_files.Files.ModelPath);

    /// <summary>Settings of a server that serves it.</summary>
    public Dictionary<string, string?> Settings => new() { ["Llava:Models:Path"] = Root, ["Llava:Logging:Level"] = "error" };

    /// <summary>LLaVA as the registry has it: language model, projector, template, system text, parameters, two licenses.</summary>
    public string AddLlava(string place = "registry.ollama.ai/library/llava/7b", string? options = null, string? messages = null, string template = Template)
    {
        var config = Blob("""{"model_format":"gguf","model_family":"llama","model_families":["llama","clip"],"model_type":"7B","file_type":"Q4_0","architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:x"]}}""");
        string?[] layers =
        [
            Layer("model", Blob(Weights)),
            Layer("projector", Blob(File.ReadAllBytes(_files.Files.MmprojPath!))),
            Layer("license", Blob("First license\nof two lines")),
            Layer("license", Blob("Second license")),
            Layer("template", Blob(template)),
            Layer("system", Blob(System)),
            Layer("params", Blob(options ?? """{"stop":["USER:","ASSISTANT:"],"temperature":0,"num_ctx":4096}""")),
            messages is null ? null : Layer("messages", Blob(messages)),
        ];
        return Manifest(
            place,
            $$"""{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"{{config.Digest}}","size":{{config.Size}}},"layers":[{{string.Join(',', layers.OfType<string>())}}]}""");
    }

    public (string Digest, long Size) Blob(string text) => Blob(Encoding.UTF8.GetBytes(text));

    public (string Digest, long Size) Blob(byte[] bytes)
    {
        var hex = Convert.ToHexStringLower(SHA256.HashData(bytes));
        Directory.CreateDirectory(Path.Combine(Root, "blobs"));
        File.WriteAllBytes(Path.Combine(Root, "blobs", "sha256-" + hex), bytes);
        return ("sha256:" + hex, bytes.Length);
    }

    /// <returns>The digest as the API names it.</returns>
    public string Manifest(string place, string json)
    {
        var path = Path.Combine(Root, "manifests", place);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, json);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json)));
    }

    public static string Layer(string type, (string Digest, long Size) blob) =>
        $$"""{"mediaType":"application/vnd.ollama.image.{{type}}","digest":"{{blob.Digest}}","size":{{blob.Size}}}""";

    /// <summary>Every file of the store with its content's hash.</summary>
    public Dictionary<string, string> Snapshot() => Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
        .Where(static file => !Path.GetFileName(file).StartsWith(".llava-", StringComparison.Ordinal))
        .ToDictionary(file => Path.GetRelativePath(Root, file), static file => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))));

    public void Dispose()
    {
        _files.Dispose();
        Directory.Delete(Root, recursive: true);
    }
}
