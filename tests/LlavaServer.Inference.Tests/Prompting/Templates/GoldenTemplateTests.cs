using System.Globalization;
using System.Text.Json;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Prompting.Jinja;
using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace LlavaServer.Inference.Tests.Prompting.Templates;

/// <summary>
/// Real templates against what llama-server wrote with them, byte for byte. Left out: conversations with pictures, which go where the model was trained
/// to see them (llama-server puts them where the part stands), and what llama-server refused.
/// </summary>
public sealed class GoldenTemplateTests
{
    private const string Marker = "<__media__>";

    // Models that think: llama-server writes an empty thought in front of an answer that is continued; here the answer follows the template's own
    // beginning. For phi-3.5 it puts the end token's spelling over the start of "<|assistant|>".
    private static readonly string[] s_prefillDiffers =
    [
        "command-r7b-tools", "deepseek-r1-llama", "deepseek-r1-qwen", "deepseek-v3.1", "glm-4.6", "gpt-oss", "granite-3.3", "kimi-k2", "minicpm5",
        "nemotron-nano-2", "phi-3.5", "qwen3", "qwq", "rwkv-world", "smollm3",
    ];

    private static readonly string[] s_withPictures = ["picture", "picture-last", "pictures-turns"];

    public static TheoryData<string> Templates => [.. TemplateFiles.TemplateNames];

    [Theory]
    [MemberData(nameof(Templates))]
    public void Render_TextsAndTools_IsWhatLlamaServerWrites(string name)
    {
        var template = Compile(name);
        var golden = TemplateFiles.Golden.GetProperty("templates").GetProperty(name);
        var differences = new List<string>();
        foreach (var conversation in TemplateFiles.Conversations)
        {
            var expected = golden.GetProperty(conversation.Name).GetString();
            if (expected is not null && IsCompared(name, conversation.Name) && Write(template, conversation.Value) is var written && written != expected)
            {
                differences.Add($"{conversation.Name}\nExpected: {JsonSerializer.Serialize(expected)}\nActual:   {JsonSerializer.Serialize(written)}");
            }
        }

        Assert.True(differences.Count == 0, string.Join("\n", differences));
    }

    /// <summary>What the model is prompted with in truth, not only what its template would write: tools are not folded where it has a place for them.</summary>
    [Theory]
    [InlineData("hermes-2-pro")]
    [InlineData("qwen2.5")]
    [InlineData("qwen3")]
    [InlineData("qwq")]
    [InlineData("mimo-vl")]
    [InlineData("granite-4.0")]
    [InlineData("llama-3.1")]
    [InlineData("llama-3.2")]
    [InlineData("mistral-7b-0.3")]
    [InlineData("mistral-nemo")]
    [InlineData("mistral-small-3.2")]
    [InlineData("functionary-3.1")]
    [InlineData("nemotron-nano-2")]
    public void Render_ToolsWithAPlace_IsWhatLlamaServerWrites(string name)
    {
        var template = Compile(name);
        var golden = TemplateFiles.Golden.GetProperty("templates").GetProperty(name);
        var compared = 0;
        foreach (var conversation in TemplateFiles.Conversations.Where(static c => TemplateFiles.Read(c.Value).HasTools))
        {
            if (golden.GetProperty(conversation.Name).GetString() is { } expected)
            {
                var text = new PromptText();
                template.Render(TemplateFiles.Read(conversation.Value), text);
                Assert.Equal(expected, text.ToPlainText(new FakeTokenizer(), Marker));
                Assert.Same(template.Capabilities.Calls, text.Calls);
                compared++;
            }
        }

        Assert.InRange(compared, 3, 5);
    }

    [Theory]
    [MemberData(nameof(Templates))]
    public void Render_WhatLlamaServerRefuses_IsFoldedOrRefusedByName(string name)
    {
        var template = Compile(name);
        var golden = TemplateFiles.Golden.GetProperty("templates").GetProperty(name);
        foreach (var conversation in TemplateFiles.Conversations.Where(c => golden.GetProperty(c.Name).ValueKind == JsonValueKind.Null))
        {
            try
            {
                Assert.NotEmpty(Write(template, conversation.Value));
            }
            catch (InferenceException refusal)
            {
                Assert.Contains("tokenizer.chat_template", refusal.Message, StringComparison.Ordinal);
                Assert.NotEqual("no-alternation", conversation.Name);
            }
        }
    }

    [Fact]
    public void Golden_Templates_AreMany() => Assert.True(TemplateFiles.TemplateNames.Count() >= 60);

    // A list that minicpm5 writes as text is Python's ['a', 'b'] here and ab in llama-server.
    private static bool IsCompared(string template, string conversation) => !s_withPictures.Contains(conversation)
        && !(conversation == "prefill" && s_prefillDiffers.Contains(template))
        && (template, conversation) != ("minicpm5", "calls");

    private static JinjaChatTemplate Compile(string name)
    {
        var day = DateTimeOffset.ParseExact(TemplateFiles.Golden.GetProperty("date").GetString()!, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        return JinjaChatTemplate.Compile(TemplateFiles.Template(name), new FakeTokenizer(), new LimitOptions(), new FakeTimeProvider(day.AddHours(12)));
    }

    private static string Write(JinjaChatTemplate template, JsonElement body)
    {
        var text = new PromptText();
        var addsPrompt = !body.TryGetProperty("add_generation_prompt", out var adds) || adds.GetBoolean();
        template.RenderAsItIs(TemplateFiles.Read(body, addsPrompt ? PromptEnding.Continued : PromptEnding.Closed), text);
        return text.ToPlainText(new FakeTokenizer(), Marker);
    }
}
