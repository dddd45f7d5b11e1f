using System.Text.Json;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Prompting.GoTemplate;
using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace LlavaServer.Inference.Tests.Prompting.GoTemplate;

/// <summary>Templates as Ollama's models have them, with the prompts that Ollama, and so Go, writes of them (see Templates/sources.md).</summary>
public sealed class OllamaTemplateTests
{
    private const string Mistral = "[INST] {{ if .System }}{{ .System }}\n\n{{ end }}{{ .Prompt }}[/INST] ";
    private const string ChatML = """
        {{ if .System }}<|im_start|>system
        {{ .System }}<|im_end|>
        {{ end }}{{ if .Prompt }}<|im_start|>user
        {{ .Prompt }}<|im_end|>
        {{ end }}<|im_start|>assistant
        {{ .Response }}<|im_end|>

        """;

    // Of these Ollama's own files are without the blank at their end.
    private static readonly string[] s_trimmed = ["chatqa", "llama2-chat", "mistral-instruct", "openchat", "vicuna"];
    private static readonly Lazy<JsonDocument> s_ollama = new(static () =>
    {
        using var stream = typeof(OllamaTemplateTests).Assembly.GetManifestResourceStream("gotemplates/ollama.json")!;
        return JsonDocument.Parse(stream);
    });

    public static TheoryData<string> Names => [.. s_ollama.Value.RootElement.EnumerateObject().Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Render_TemplateOfOllama_WritesWhatOllamaWrites(string name)
    {
        var entry = s_ollama.Value.RootElement.GetProperty(name);
        var template = entry.GetProperty("template").GetString()!;
        ChatMessage[] all = [System("You are a helpful assistant."), User("Hello, how are you?"), Assistant("I'm doing great. How can I help you today?"), User("I'd like to show off how chat templating works!")];
        foreach (var (key, messages) in new[] { ("user", all[1..2]), ("user-assistant-user", all[1..]), ("system-user-assistant-user", all) })
        {
            var written = Written(template, messages);
            var expected = entry.GetProperty("expected").GetProperty(key).GetString();
            Assert.Equal(expected, s_trimmed.Contains(name) && written.EndsWith(' ') ? written[..^1] : written);
        }
    }

    [Theory]
    [InlineData(Mistral)]
    [InlineData(Mistral + "{{ .Response }}")]
    [InlineData("[INST] {{ if .System }}{{ .System }}\n\n{{ end }}\n{{- range .Messages }}\n{{- if eq .Role \"user\" }}{{ .Content }}[/INST] {{ else if eq .Role \"assistant\" }}{{ .Content }}[INST] {{ end }}\n{{- end }}")]
    public void Render_TurnsOrMessages_WriteTheSame(string template)
    {
        ChatMessage[] messages = [User("Hello friend!"), Assistant("Hello human!"), User("What is your name?")];
        Assert.Equal("[INST] Hello friend![/INST] Hello human![INST] What is your name?[/INST] ", Written(template, messages));
        Assert.Equal(
            "[INST] You are a helpful assistant!\n\nHello friend![/INST] Hello human![INST] What is your name?[/INST] ",
            Written(template, [System("You are a helpful assistant!"), .. messages]));
    }

    [Theory]
    [InlineData("[INST] {{ .Prompt }}[/INST] ")]
    [InlineData("[INST] {{ .Prompt }}[/INST] {{ .Response }}")]
    [InlineData("[INST] {{ .Prompt }}[/INST] {{ .Response }}</s>")]
    [InlineData("{{- range $i, $m := .Messages }}\n{{- if eq .Role \"user\" }}[INST] {{ .Content }}[/INST] {{ else if eq .Role \"assistant\" }}{{ .Content }}{{ end }}\n{{- end }}")]
    public void Render_LastIsOfTheAssistant_GoesOnThere(string template)
    {
        ChatMessage[] messages = [User("Hello friend!"), User("What is your name?"), Assistant("My name is Ollama and I")];
        Assert.Equal("[INST] Hello friend!\n\nWhat is your name?[/INST] My name is Ollama and I", Written(template, messages));
    }

    [Fact]
    public void Render_TemplateClosesEveryMessage_AnswerGoesOnBehindIt()
    {
        const string template = "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n";
        Assert.Equal("<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nBegun", Written(template, User("Q"), Assistant("Begun")));
    }

    [Fact]
    public void Render_Turns_LastOneEndsAtItsResponse()
    {
        Assert.Equal(
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB<|im_end|>\n<|im_start|>user\nC<|im_end|>\n<|im_start|>assistant\n",
            Written(ChatML, System("S"), User("A"), Assistant("B"), User("C")));
    }

    [Theory]
    [InlineData(PromptEnding.Closed, "<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB<|im_end|>\n")]
    [InlineData(PromptEnding.Answer, "<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB<|im_end|>\n<|im_start|>assistant\n")]
    [InlineData(PromptEnding.Continued, "<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB")]
    public void Render_Turns_EndAsAsked(PromptEnding ending, string expected) =>
        Assert.Equal(expected, Written(ChatML, Conversation.From([User("A"), Assistant("B")], null, ending)));

    [Fact]
    public void Render_SystemBehindAPrompt_IsATurnOfItsOwn() =>
        Assert.Equal("[INST] A[/INST] [INST] S\n\nB[/INST] ", Written(Mistral, User("A"), System("S"), User("B")));

    [Theory]
    [InlineData("", "hello")]
    [InlineData("return x", "<PRE> hello <SUF>return x <MID>")]
    public void Render_Suffix_FillsTheGap(string suffix, string expected)
    {
        const string template = "{{- if .Suffix }}<PRE> {{ .Prompt }} <SUF>{{ .Suffix }} <MID>\n{{- else }}{{ .Prompt }}\n{{- end }}";
        Assert.True(Compile(template).TakesSuffix);
        Assert.Equal(expected, Written(template, WithSuffix([User("hello")], suffix)));
    }

    [Fact]
    public void Render_Tools_AreCompactJsonInOllamasOrder()
    {
        const string template = "{{ range .Messages }}{{ range .ToolCalls }}{{ .Function.Name }}{{ .Function.Arguments }}{{ end }}{{ end }}|{{ .Tools }}|{{ range .Tools }}"
            + "{{ json .Function.Parameters.Required }}{{ range $n, $p := .Function.Parameters.Properties }}{{ $n }}:{{ $p.Type }}:{{ toTypeScriptType $p }}:{{ $p.ToTypeScriptType }};{{ end }}{{ end }}";
        using var tools = JsonDocument.Parse("""
            [{"function":{"parameters":{"properties":{"z":{"type":["string","null"],"description":"<d>"},"a":{"enum":[1,"b"],"type":"integer","default":3}},
              "type":"object","required":["z"]},"name":"f"},"type":"function"}]
            """);
        ChatMessage[] messages = [User("Q"), Assistant("") with { ToolCalls = [new ToolCall("id", "f", """{"z":1000000,"a":"<"}""")] }];
        var text = Compile(template).Text(Conversation.From(messages), messages, [.. tools.RootElement.EnumerateArray()]).Value;
        Assert.Equal(
            """
            f{"a":"\u003c","z":1000000}|[{"type":"function","function":{"name":"f","description":"","parameters":{"type":"object","required":["z"],"properties":{"a":{"type":"integer","enum":[1,"b"]},"z":{"type":["string","null"],"description":"\u003cd\u003e"}}}}}]|["z"]a:integer:number:number;z:[string null]:string | null:string | null;
            """,
            text);
    }

    [Fact]
    public void Render_NoTools_PrintAsInGo() => Assert.Equal("null false 0", Written("{{ range .Messages }}{{ end }}{{ .Tools }} {{ .Think }} {{ len .Tools }}", User("Q")));

    [Fact]
    public void Render_Messages_HaveTheFieldsOfOllama()
    {
        const string template = "{{ range .Messages }}{{ .Role }}[{{ .Content }}{{ .Thinking }}{{ len .Images }}{{ .ToolName }}{{ .ToolCallID }}{{ if .ToolCalls }}C{{ end }}]{{ end }}{{ .System }}";
        ChatMessage[] messages =
        [
            System("S"), User("a"), User("b"),
            new(ChatRole.Tool, [MessagePart.FromText("r")]) { ToolName = "n", ToolCallId = "7" },
            new(ChatRole.Tool, [MessagePart.FromText("q")]),
            System("T"),
        ];
        Assert.Equal("system[S0]user[a\n\nb0]tool[r0n7]tool[q0]system[T0]S\n\nT", Text(template, messages));
    }

    [Theory]
    [InlineData(null, "false false")]
    [InlineData("true", "true true")]
    [InlineData("false", "false true")]
    public void Render_Think_IsWhatTheRequestSays(string? value, string expected)
    {
        var variables = value is null ? PromptVariables.None
            : new Dictionary<string, JsonElement> { [PromptVariables.Thinking] = JsonElement.Parse(value) };
        Assert.Equal(expected, Written("{{ range .Messages }}{{ end }}{{ .Think }} {{ .IsThinkSet }}", Conversation.From([User("Q")], null, PromptEnding.Continued, variables)));
    }

    private static ChatMessage User(string text) => new(ChatRole.User, [MessagePart.FromText(text)]);

    private static ChatMessage System(string text) => new(ChatRole.System, [MessagePart.FromText(text)]);

    private static ChatMessage Assistant(string text) => new(ChatRole.Assistant, [MessagePart.FromText(text)]);

    private static Conversation WithSuffix(ChatMessage[] messages, string suffix) => Conversation.From(messages, suffix: suffix);

    private static GoChatTemplate Compile(string template) =>
        GoChatTemplate.Compile(template, new FakeTokenizer(), new LimitOptions(), new FakeTimeProvider());

    private static string Text(string template, ChatMessage[] messages) => Compile(template).Text(Conversation.From(messages), messages, []).Value;

    private static string Written(string template, params ChatMessage[] messages) => Written(template, Conversation.From(messages));

    private static string Written(string template, Conversation conversation)
    {
        var output = new PromptText();
        Compile(template).Render(conversation, output);
        return output.ToPlainText(new FakeTokenizer(), "<P>");
    }
}
