using LlavaServer.Inference.Prompting.Named;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Inference.Tests.Prompting.Named;

/// <summary>Chat templates of model files in Jinja, and the format that each of them is.</summary>
public sealed class TemplateDetectionTests
{
    private const string ChatML = "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    private const string Gemma = "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for m in messages %}"
        + "{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else m['role']) + '\n' + m['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}";

    private const string GemmaThree = "{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}{%- set first = messages[0]['content'] + '\n\n' -%}{%- set loop_messages = messages[1:] -%}{%- else -%}{%- set first = '' -%}"
        + "{%- set loop_messages = messages -%}{%- endif -%}{%- for m in loop_messages -%}{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else m['role']) + '\n' + (first if loop.first else '') }}"
        + "{{ m['content'] | trim }}{{ '<end_of_turn>\n' }}{%- endfor -%}{%- if add_generation_prompt -%}{{'<start_of_turn>model\n'}}{%- endif -%}";

    private const string LlamaThree = "{% for m in messages %}{% set c = '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + m['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set c = bos_token + c %}{% endif %}"
        + "{{ c }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}";

    private const string LlamaTwo = "{% if messages[0]['role'] == 'system' %}{% set s = messages[0]['content'] %}{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% set s = false %}{% endif %}{% for m in rest %}"
        + "{% if loop.index0 == 0 and s != false %}{% set c = '<<SYS>>\n' + s + '\n<</SYS>>\n\n' + m['content'] %}{% else %}{% set c = m['content'] %}{% endif %}{% if m['role'] == 'user' %}{{ bos_token + '[INST] ' + c + ' [/INST]' }}"
        + "{% else %}{{ ' ' + c + ' ' + eos_token }}{% endif %}{% endfor %}";

    private const string Mistral = "{{ bos_token }}{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}"
        + "{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}{% else %}{{ m['content'] + eos_token }}{% endif %}{% endfor %}";

    private const string Vicuna = "{% for m in messages %}{% if m['role'] == 'system' %}{{ m['content'] + '\n\n' }}{% elif m['role'] == 'user' %}{{ 'USER: ' + m['content'] + '\n' }}{% else %}{{ 'ASSISTANT: ' + m['content'] + '</s>\n' }}"
        + "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}";

    private const string Zephyr = "{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + m['content'] + eos_token + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}";

    private const string OpenChat = "{{ bos_token }}{% for m in messages %}{{ 'GPT4 Correct ' + m['role'].title() + ': ' + m['content'] + '<|end_of_turn|>'}}{% endfor %}{% if add_generation_prompt %}{{ 'GPT4 Correct Assistant:' }}{% endif %}";

    // LLaVA-1.5: another one than Vicuna's, and it stays the model file's own.
    private const string Llava = "{% for m in messages %}{% if m['role'] == 'system' %}{{ m['content'] + ' ' }}{% elif m['role'] == 'user' %}{{ 'USER: ' + m['content'] + ' ' }}{% else %}{{ 'ASSISTANT: ' + m['content'] + eos_token }}"
        + "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}";

    [Theory]
    [InlineData(ChatML, "chatml")]
    [InlineData(Gemma, "gemma-instruct")]
    [InlineData(GemmaThree, "gemma3-instruct")]
    [InlineData(LlamaThree, "llama3-instruct")]
    [InlineData(LlamaTwo, "llama2-chat")]
    [InlineData(Mistral, "mistral-instruct")]
    [InlineData(Vicuna, "vicuna")]
    [InlineData(Zephyr, "zephyr")]
    [InlineData(OpenChat, "openchat")]
    [InlineData(Llava, null)]
    [InlineData("{% if tools %}{{ tools }}{% endif %}" + ChatML, null)]
    [InlineData("{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}" + ChatML, null)]
    [InlineData("{% for", null)]
    [InlineData("", null)]
    public void Find_TemplateOfAFile_TheFormatThatWritesTheSame(string template, string? name)
    {
        var detected = Find(template);
        Assert.Equal(name, detected?.Name);
        if (detected is not null)
        {
            Assert.Null(TemplateDetection.FaultOf(detected.Template));
            Assert.NotEmpty(detected.Stops);
        }
    }

    [Fact]
    public void Find_EveryNamedFormat_ReadsItsOwnGoTemplate()
    {
        foreach (var named in NamedTemplates.All)
        {
            Assert.Null(TemplateDetection.FaultOf(named.ToGo()));
        }

        Assert.Equal(20, NamedTemplates.All.Select(static named => named.Name).Distinct().Count());
    }

    [Fact]
    public void Find_FileWithoutVocabulary_Nothing()
    {
        var path = Path.GetTempFileName();
        try
        {
            var writer = new GgufWriter();
            writer.AddString("tokenizer.chat_template", ChatML);
            writer.Write(path);
            using var file = GgufFile.Open(path);
            Assert.Null(TemplateDetection.Find(file.Metadata));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static LlavaServer.Models.Creation.DetectedTemplate? Find(string template)
    {
        var path = Path.GetTempFileName();
        try
        {
            var writer = new GgufWriter();
            string[] tokens = ["<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(static value => $"<0x{value:X2}>"), "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"];
            writer.AddString("general.architecture", "llama");
            writer.AddString("tokenizer.ggml.model", "llama");
            writer.AddStrings("tokenizer.ggml.tokens", tokens);
            writer.AddFloat32s("tokenizer.ggml.scores", new float[tokens.Length]);
            writer.AddInt32s("tokenizer.ggml.token_type", [.. tokens.Select(static (text, id) => id == 0 ? 2 : id < 3 || text.StartsWith("<|", StringComparison.Ordinal) ? 3 : 6)]);
            writer.AddString("tokenizer.chat_template", template);
            writer.Write(path);
            using var file = GgufFile.Open(path);
            return TemplateDetection.Find(file.Metadata);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
