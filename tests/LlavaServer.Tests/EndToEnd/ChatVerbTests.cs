using System.Net.Http.Json;
using System.Text.Json;

namespace LlavaServer.Tests.EndToEnd;

/// <summary><c>llava run MODEL</c> on a terminal: a chat, driven by keys and read from the screen.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class ChatVerbTests : IDisposable
{
    private const string Exact = "--param temperature=0 --param num_predict=40";
    private readonly BundledServer _server;
    private readonly EndlessServer _endless;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-chat-");

    public ChatVerbTests(BundledServer server, EndlessServer endless)
    {
        Tool.Need("tmux");
        (_server, _endless) = (server, endless);
        File.WriteAllBytes(Path.Combine(_folder.FullName, "my red.png"), TestPicture.RedCircle.Bytes);
        File.WriteAllBytes(Path.Combine(_folder.FullName, "blue.jpg"), TestPicture.Single[1].Bytes);
        File.WriteAllText(Path.Combine(_folder.FullName, "broken.png"), "no picture");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Chat_PicturesByPath_AreSeenAndRemembered()
    {
        await using var terminal = await OpenAsync();
        await terminal.EnterAsync("What color is the circle? my\\ red.png");
        await terminal.WaitAsync("image 1: my red.png (320x240)");
        Assert.Contains("red", AnswerIn(await terminal.WaitForPromptAsync(), "image 1: my red.png (320x240)"), StringComparison.OrdinalIgnoreCase);

        await terminal.EnterAsync("/clear");
        await terminal.EnterAsync($"file://{_folder.FullName}/blue.jpg what color is the square?");
        await terminal.WaitAsync("image 1: blue.jpg (400x300)");
        Assert.Contains("blue", AnswerIn(await terminal.WaitForPromptAsync(), "image 1: blue.jpg (400x300)"), StringComparison.OrdinalIgnoreCase);

        await terminal.EnterAsync("/images");
        await terminal.WaitAsync("image 1: blue.jpg");
        await terminal.EnterAsync("/bye");
        await terminal.WaitAsync("ended 0");
    }

    [Fact]
    public async Task Chat_PictureThatCannotBeRead_LineStaysForEditing()
    {
        await using var terminal = await OpenAsync();
        await terminal.EnterAsync("what color is the square? broken.png");
        await terminal.WaitAsync(static screen => screen.TrimEnd().EndsWith(">>> what color is the square? broken.png", StringComparison.Ordinal)
            && screen.Contains("broken.png: no picture", StringComparison.Ordinal), "the line again");

        await terminal.PressAsync("C-w");
        await terminal.EnterAsync("blue.jpg");
        await terminal.WaitAsync("image 1: blue.jpg");
        Assert.Contains("blue", AnswerIn(await terminal.WaitForPromptAsync(), "image 1: blue.jpg (400x300)"), StringComparison.OrdinalIgnoreCase);
        await terminal.PressAsync("C-d");
        await terminal.WaitAsync("ended 0");
    }

    [Fact]
    public async Task Chat_Commands_DoWhatHelpSays()
    {
        await using var terminal = await OpenAsync();
        await terminal.EnterAsync("/help");
        await terminal.WaitAsync("/set parameter NAME VALUE");
        await terminal.EnterAsync("/image blue.jpg");
        await terminal.WaitAsync("image 1: blue.jpg (400x300)");
        await terminal.EnterAsync("/set parameter temperature hot");
        await terminal.WaitAsync("temperature must be a number");
        await terminal.EnterAsync("/set verbose");
        await terminal.WaitAsync("are shown.");
        await terminal.EnterAsync("/set format json");
        await terminal.EnterAsync("/set format text");
        await terminal.WaitAsync("Answers are text.");
        await terminal.EnterAsync("/load nothing.invalid/a/b");
        await terminal.WaitAsync("cannot be pulled");
        await terminal.EnterAsync("/show template");
        await terminal.EnterAsync("/show");
        await terminal.WaitAsync("rows per image");
        await terminal.EnterAsync("/home is what I say");
        await terminal.WaitAsync("decode:");
        await terminal.EnterAsync("/bye");
        await terminal.WaitAsync("ended 0");
    }

    [Fact]
    public async Task Chat_PasteAndQuotes_SeveralLinesAreOneQuestion()
    {
        await using var terminal = await OpenAsync();
        await terminal.PasteAsync("what is\nthis?");
        await terminal.WaitAsync(">>> what is\n... this?");
        await terminal.PressAsync("Enter");
        await terminal.WaitForPromptAsync();
        await terminal.EnterAsync("\"\"\"one");
        await terminal.WaitAsync(static screen => screen.TrimEnd().EndsWith("\n...", StringComparison.Ordinal), "the second line");
        await terminal.EnterAsync("two\"\"\"");
        await terminal.WaitForPromptAsync();
        await terminal.PressAsync("C-d");
        await terminal.WaitAsync("ended 0");

        var history = await File.ReadAllLinesAsync(Path.Combine(_folder.FullName, "config", "llava", "history"), Token);
        Assert.Equal(["what is\\nthis?", "\"\"\"one", "two\"\"\""], history);
    }

    [Fact]
    public async Task Chat_History_IsKeptUnlessSwitchedOff()
    {
        var history = Path.Combine(_folder.FullName, "config", "llava", "history");
        await using (var silent = await OpenAsync("OLLAMA_NOHISTORY=1"))
        {
            await silent.EnterAsync("/images");
            await silent.WaitAsync("no pictures yet");
            await silent.PressAsync("C-d");
            await silent.WaitAsync("ended 0");
        }

        Assert.False(File.Exists(history));
        await using (var first = await OpenAsync())
        {
            await first.EnterAsync("/images");
            await first.WaitAsync("no pictures yet");
            await first.PressAsync("C-d");
            await first.WaitAsync("ended 0");
        }

        await using var second = await OpenAsync();
        await second.TypeAsync("unfinished");
        await second.PressAsync("Up");
        await second.WaitAsync(">>> /images");
        await second.PressAsync("Down");
        await second.WaitAsync(">>> unfinished");
        await second.PressAsync("Home");
        await second.TypeAsync("still ");
        await second.WaitAsync(">>> still unfinished");
    }

    [Fact]
    public async Task Chat_ControlC_StopsTheAnswerAtTheServerAndTheChatGoesOn()
    {
        await using var terminal = await Terminal.StartAsync(_folder.FullName, $"run {EndlessServer.Model} --host {_endless.Address.Authority} --param temperature=0");
        await terminal.WaitForPromptAsync();
        await terminal.EnterAsync("go on");
        await terminal.WaitAsync(static screen => screen.Trim().Length > 400, "an answer");
        Assert.Equal(1, await BusySlotsAsync());
        await terminal.PressAsync("C-c");
        await terminal.WaitForPromptAsync();
        await terminal.WaitAsync(_ => BusySlotsAsync().GetAwaiter().GetResult() == 0, "a free slot");

        await terminal.EnterAsync("/bye");
        await terminal.WaitAsync("ended 0");
    }

    [Fact]
    public async Task Chat_BehindAnother_StatusLineShowsTheQueueAndDisappears()
    {
        using var http = new HttpClient { BaseAddress = _endless.Address };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/generate") { Content = JsonContent.Create(new { model = EndlessServer.Model, prompt = "x", options = new { temperature = 0 } }) };
        using (await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token))
        {
            await using var terminal = await Terminal.StartAsync(_folder.FullName, $"run {EndlessServer.Model} --host {_endless.Address.Authority} --param temperature=0 --param num_predict=5");
            await terminal.WaitForPromptAsync();
            await terminal.EnterAsync("go on");
            await terminal.WaitAsync("waiting: 1 of 1 in line");
            await terminal.PressAsync("C-c");
            Assert.DoesNotContain("in line", await terminal.WaitForPromptAsync(), StringComparison.Ordinal);
            await terminal.EnterAsync("/bye");
            await terminal.WaitAsync("ended 0");
        }
    }

    private async Task<Terminal> OpenAsync(string environment = "")
    {
        var terminal = await Terminal.StartAsync(_folder.FullName, $"run llava-mini --host {_server.Address.Authority} {Exact}", environment);
        await terminal.WaitForPromptAsync();
        return terminal;
    }

    private static string AnswerIn(string screen, string question) => screen[(screen.LastIndexOf(question, StringComparison.Ordinal) + question.Length)..];

    private async Task<int> BusySlotsAsync()
    {
        using var http = new HttpClient { BaseAddress = _endless.Address };
        var slots = await http.GetFromJsonAsync<JsonElement>("slots", Token);
        return slots.EnumerateArray().Count(static slot => slot.GetProperty("is_processing").GetBoolean());
    }
}
