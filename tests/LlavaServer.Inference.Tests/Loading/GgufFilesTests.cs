using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Loading;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Inference.Tests.Loading;

/// <summary>What entries and the text side are read from.</summary>
public sealed class GgufFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("llava-test").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void FromFiles_ModelAndMmproj_SaysWhatTheMetadataSays()
    {
        var files = new ModelFiles(WriteModel("m.gguf", null), WriteMmproj("p.gguf"));
        var entry = ModelEntry.FromFiles("llava-mini", files);
        Assert.Equal("llava-mini:latest", entry.Name);
        Assert.Equal(("llama", 2, true), (entry.Family, entry.Families.Count, entry.HasVision));
        Assert.Equal((2048, 8, 24L + 10), (entry.ContextLength, entry.EmbeddingLength, entry.ParameterCount));
        Assert.Equal(("34", "F16"), (entry.ParameterSize, entry.QuantizationLevel));
        Assert.Equal(new FileInfo(files.ModelPath).Length + new FileInfo(files.MmprojPath!).Length, entry.SizeBytes);
        Assert.Matches("^[0-9a-f]{64}$", entry.Digest);
        Assert.NotEqual(entry.Digest, ModelEntry.FromFiles("x", new ModelFiles(files.ModelPath, null)).Digest);
        Assert.Equal("x:7b", ModelEntry.FromFiles("x:7b", files).Name);
    }

    [Fact]
    public void FromFiles_DamagedFile_IsAGgufError()
    {
        var path = Path.Combine(_folder, "bad.gguf");
        File.WriteAllText(path, "GGUFnonsense");
        Assert.Throws<GgufException>(() => ModelEntry.FromFiles("x", new ModelFiles(path, null)));
        Assert.ThrowsAny<IOException>(() => ModelEntry.FromFiles("x", new ModelFiles(path + ".none", null)));
    }

    [Fact]
    public void Read_TemplateInTheFile_IsRecognisedAndASettingWins()
    {
        var entry = ModelEntry.FromFiles("m", new ModelFiles(WriteModel("m.gguf", "{{ 'USER: ' }}{{ 'ASSISTANT:' }}"), null));
        var text = GgufModelText.Read(entry, null);
        Assert.Equal(("vicuna-plain", "model file"), (text.Template.Template?.Name, text.Template.Source));
        Assert.Equal(6, text.Tokenizer.VocabularySize);
        Assert.Equal("mistral", GgufModelText.Read(entry, "mistral").Template.Template?.Name);
    }

    private string WriteModel(string name, string? template)
    {
        var writer = new GgufWriter();
        writer.AddString("general.architecture", "llama");
        writer.AddString("general.name", "tiny");
        writer.AddUInt32("general.file_type", 1);
        writer.AddUInt32("llama.context_length", 2048);
        writer.AddUInt32("llama.embedding_length", 8);
        writer.AddString("tokenizer.ggml.model", "llama");
        writer.AddStrings("tokenizer.ggml.tokens", ["<unk>", "<s>", "</s>", "a", "b", "ab"]);
        writer.AddFloat32s("tokenizer.ggml.scores", [0, 0, 0, -1, -2, -3]);
        writer.AddInt32s("tokenizer.ggml.token_type", [2, 3, 3, 1, 1, 1]);
        if (template is not null)
        {
            writer.AddString("tokenizer.chat_template", template);
        }

        return Write(writer, name, 24);
    }

    private string WriteMmproj(string name)
    {
        var writer = new GgufWriter();
        writer.AddString("general.architecture", "clip");
        return Write(writer, name, 10);
    }

    private string Write(GgufWriter writer, string name, int elements)
    {
        writer.AddTensor("t", TensorType.F32, [elements], stream => stream.Write(new byte[elements * 4]));
        var path = Path.Combine(_folder, name);
        writer.Write(path);
        return path;
    }
}
