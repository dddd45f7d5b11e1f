using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Loading;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Tests.Scripted;

/// <summary>Files of a model without weights, with a vocabulary and the Vicuna chat template, in a folder of their own. The owner disposes it.</summary>
internal sealed class ScriptedModel : IDisposable
{
    public const int TrainedContext = 4096;

    private const string Template =
        "{% for message in messages %}{% if message.role == 'system' %}{{ message.content }} {% elif message.role == 'user' %}USER: {{ message.content }} {% else %}ASSISTANT: {{ message.content }}{{ eos_token }}{% endif %}"
        + "{% endfor %}ASSISTANT:";

    private readonly string _folder = Directory.CreateTempSubdirectory("llava-tests-").FullName;

    /// <param name="name">What it is called.</param>
    /// <param name="sees">Whether it has a projector.</param>
    /// <param name="words">Tokens behind those of <see cref="ScriptedVocabulary"/>.</param>
    public ScriptedModel(string name, bool sees, IReadOnlyList<string>? words = null)
    {
        var model = Path.Combine(_folder, "model.gguf");
        WriteModel(model, fills: !sees, words ?? []);
        var mmproj = sees ? Path.Combine(_folder, "mmproj.gguf") : null;
        if (mmproj is not null)
        {
            WriteProjector(mmproj);
        }

        Files = new ModelFiles(model, mmproj);
        Entry = ModelEntry.FromFiles(name, Files);
    }

    public ModelFiles Files { get; }

    /// <summary>A folder for the server's model store, which does not exist and goes with the files.</summary>
    public string StoreFolder => Path.Combine(_folder, "store");

    public ModelEntry Entry { get; }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void WriteModel(string path, bool fills, IReadOnlyList<string> words)
    {
        var writer = new GgufWriter();
        writer.AddString("general.architecture", "llama");
        writer.AddString("general.name", "Scripted");
        writer.AddUInt32("general.file_type", 1);
        writer.AddUInt32("llama.context_length", TrainedContext);
        writer.AddUInt32("llama.embedding_length", ScriptedVisionEncoder.Width);
        writer.AddFloat32("llama.rope.freq_base", 10000f);
        writer.AddString("tokenizer.ggml.model", "llama");
        writer.AddStrings("tokenizer.ggml.tokens", [.. ScriptedVocabulary.Texts, .. words]);
        writer.AddFloat32s("tokenizer.ggml.scores", new float[ScriptedVocabulary.Size + words.Count]);
        writer.AddInt32s("tokenizer.ggml.token_type", [.. ScriptedVocabulary.Types, .. words.Select(static _ => 1)]);
        writer.AddUInt32("tokenizer.ggml.bos_token_id", ScriptedVocabulary.Bos);
        writer.AddUInt32("tokenizer.ggml.eos_token_id", ScriptedVocabulary.Eos);
        writer.AddBoolean("tokenizer.ggml.add_space_prefix", false);
        writer.AddString("tokenizer.chat_template", Template);
        foreach (var (key, value) in fills ? ScriptedVocabulary.Fill : [])
        {
            writer.AddUInt32(key, (uint)value);
        }

        writer.AddTensor("token_embd.weight", [2, 3], new float[6]);
        writer.Write(path);
    }

    private static void WriteProjector(string path)
    {
        var writer = new GgufWriter();
        writer.AddString("general.architecture", "clip");
        writer.AddBoolean("clip.has_vision_encoder", true);
        writer.AddString("clip.projector_type", "mlp");
        writer.AddUInt32("clip.vision.image_size", 28);
        writer.AddTensor("mm.0.weight", [2, 2], new float[4]);
        writer.Write(path);
    }
}
