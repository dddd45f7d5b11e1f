using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Tests.Fakes;
using LlavaServer.Inference.Tests.Prompting.Templates;

namespace LlavaServer.Inference.Tests.Prompting;

public sealed class ChatTemplateSelectorTests
{
    private static readonly FakeTokenizer Plain = new();
    private static readonly FakeTokenizer ChatML = new("<|im_start|>", "<|im_end|>");
    private static readonly FakeTokenizer LlamaThree = new("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>");

    [Theory]
    [InlineData("{% for m in messages %}{{ 'USER: ' }}{{ '<image>\\n' }}{{ 'ASSISTANT:' }}", "vicuna-plain")]
    [InlineData("A chat between a curious user and ... USER: {{ x }} ASSISTANT:", "vicuna")]
    [InlineData("{{ message['role'].upper() + ': '}}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}", "vicuna-plain")]
    [InlineData("USER: {{ x }}\\nASSISTANT:", "bakllava")]
    [InlineData("{{ '[INST] ' + x + ' [/INST]' }}", "mistral")]
    [InlineData("{{ '[INST] <<SYS>>' }}", "llama-2")]
    [InlineData("### Human: x ### Assistant:", "llava_v0")]
    [InlineData("[INST] {{ if .System }}{{ .System }} {{ end }}{{ .Prompt }} [/INST]", "mistral")]
    [InlineData("{{ .System }}\nUSER: {{ .Prompt }}\nASSISTANT: ", "bakllava")]
    [InlineData("{{ .System }}\nUSER: {{ .Prompt }} ASSISTANT:", "vicuna-plain")]
    public void Choose_TemplateInTheFile_IsRecognised(string template, string expected)
    {
        var choice = ChatTemplateSelector.Choose(null, template, "model", true, Plain);
        Assert.Equal((expected, "model file", null), (choice.Template?.Name, choice.Source, choice.Warning));
    }

    [Fact]
    public void Choose_TemplateWithControlTokens_NeedsThemInTheVocabulary()
    {
        Assert.Equal("chatml", ChatTemplateSelector.Choose(null, "<|im_start|>", "model", true, ChatML).Template?.Name);
        Assert.Equal("qwen", ChatTemplateSelector.Choose(null, "<|im_start|> You are a helpful assistant.", "model", true, ChatML).Template?.Name);
        Assert.Equal("llama-3", ChatTemplateSelector.Choose(null, "<|start_header_id|><|eot_id|>", "model", true, LlamaThree).Template?.Name);

        var without = ChatTemplateSelector.Choose(null, "<|im_start|>", "model", true, Plain);
        Assert.Equal(("vicuna", "family profile"), (without.Template?.Name, without.Source));
        Assert.NotNull(without.Warning);
    }

    [Theory]
    [InlineData("openhermes-2.5", "chatml")]
    [InlineData("llama-3", "llama-3")]
    [InlineData("llava-1.5", "vicuna-plain")]
    [InlineData("smollm2", "jinja")]
    [InlineData("zephyr", "jinja")]
    [InlineData("qwen2.5", "jinja")]
    [InlineData("llama-3.1", "jinja")]
    [InlineData("mistral-7b-0.2", "jinja")]
    [InlineData("gemma-2", "jinja")]
    public void Choose_RealTemplate_IsAFamilyOnlyIfItWritesTheSame(string name, string expected)
    {
        var tokenizer = new FakeTokenizer("<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>");
        var choice = ChatTemplateSelector.Choose(null, TemplateFiles.Template(name), "model", sees: true, tokenizer);
        Assert.Equal((expected, "model file", null), (choice.Template?.Name, choice.Source, choice.Warning));
    }

    [Fact]
    public void Choose_TemplateLikeAFamilys_StopsAsTheFamilyDoes()
    {
        Assert.Equal(["</s>", "[INST]"], ChatTemplateSelector.Choose(null, TemplateFiles.Template("mistral-7b-0.2"), "model", sees: true, Plain).Template?.StopTexts);
        Assert.Empty(ChatTemplateSelector.Choose(null, TemplateFiles.Template("zephyr"), "model", sees: true, Plain).Template!.StopTexts);
    }

    [Fact]
    public void Choose_TemplateOutsideTheLanguage_FallsBackAndSaysWhere()
    {
        var choice = ChatTemplateSelector.Choose(null, "{{ bos_token }}\n{% include 'x' %}", "llava", sees: true, Plain);
        Assert.Equal(("vicuna", "family profile"), (choice.Template?.Name, choice.Source));
        Assert.Contains("template 'tokenizer.chat_template', line 2: the statement 'include' is not supported", choice.Warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("LLaMA v2 ggml-model-q4_k.gguf", true, "vicuna")]
    [InlineData("llava-v1.6-mistral-7b", true, "mistral")]
    [InlineData("llava-llama-2-13b", true, "llama-2")]
    [InlineData("vicuna-7b-v1.5", false, "vicuna")]
    [InlineData("BakLLaVA-1", true, "bakllava")]
    public void Choose_NoTemplate_TakesTheFamilyProfile(string name, bool sees, string expected)
    {
        var choice = ChatTemplateSelector.Choose(null, null, name, sees, Plain);
        Assert.Equal((expected, "family profile", null), (choice.Template?.Name, choice.Source, choice.Warning));
    }

    [Fact]
    public void Choose_NothingKnown_HasNoTemplateAndSaysWhy()
    {
        var choice = ChatTemplateSelector.Choose(null, null, "tinystories", false, Plain);
        Assert.Null(choice.Template);
        Assert.NotNull(choice.Warning);

        choice = ChatTemplateSelector.Choose(null, "{{ something else }}", "tinystories", false, Plain);
        Assert.Null(choice.Template);
        Assert.Contains("not one of the known families", choice.Warning);
    }

    [Fact]
    public void Choose_ExplicitName_WinsOverTheFile()
    {
        Assert.Equal("llava_v0", ChatTemplateSelector.Choose("llava_v0", "USER: ASSISTANT:", "vicuna", true, Plain).Template?.Name);
        Assert.Throws<InferenceException>(() => ChatTemplateSelector.Choose("nonsense", null, "vicuna", true, Plain));
        Assert.All(ChatTemplateSelector.Names, n => Assert.NotNull(ChatTemplateSelector.ByName(n)));
    }
}
