using System.Diagnostics;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>The program on a terminal of its own (tmux): keys go in, the screen is read. Owned by one test; ends the program with it.</summary>
internal sealed class Terminal : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private readonly string _folder;
    private readonly string _socket;

    private Terminal(string folder)
    {
        _folder = folder;
        _socket = Path.Combine(folder, Path.GetRandomFileName());
    }

    /// <summary>Starts <c>llava</c> in a folder, which is its home too; the screen says <c>ended N</c> behind its exit.</summary>
    public static async Task<Terminal> StartAsync(string folder, string arguments, string environment = "")
    {
        var terminal = new Terminal(folder);
        var command = $"env HOME='{folder}' XDG_CONFIG_HOME='{folder}/config' {environment} dotnet '{Path.Combine(AppContext.BaseDirectory, "llava.dll")}' {arguments}; echo ended $?; cat";
        await terminal.TmuxAsync("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "40", "-c", folder, command);
        return terminal;
    }

    public Task TypeAsync(string text) => TmuxAsync("send-keys", "-l", text);

    /// <summary>Keys by tmux's names, for example <c>Enter</c>, <c>C-c</c>, <c>Up</c>.</summary>
    public Task PressAsync(params string[] keys) => TmuxAsync(["send-keys", .. keys]);

    public async Task EnterAsync(string line)
    {
        await TypeAsync(line);
        await PressAsync("Enter");
    }

    /// <summary>Pastes as a terminal does for programs that ask for bracketed paste.</summary>
    public async Task PasteAsync(string text)
    {
        await TmuxAsync("set-buffer", text);
        await TmuxAsync("paste-buffer", "-p");
    }

    public Task<string> ScreenAsync() => TmuxAsync("capture-pane", "-p");

    /// <summary>Waits until the screen is as wanted.</summary>
    public async Task<string> WaitAsync(Func<string, bool> condition, string what)
    {
        var screen = "";
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < s_limit; await Task.Delay(50, TestContext.Current.CancellationToken))
        {
            screen = await ScreenAsync();
            if (condition(screen))
            {
                return screen;
            }
        }

        throw new TimeoutException($"Never seen: {what}\n{screen}");
    }

    public Task<string> WaitAsync(string text) => WaitAsync(screen => screen.Contains(text, StringComparison.Ordinal), text);

    /// <summary>Waits for a free line to type on.</summary>
    public Task<string> WaitForPromptAsync() => WaitAsync(static screen => screen.TrimEnd().EndsWith("\n>>>", StringComparison.Ordinal), "a prompt");

    public async ValueTask DisposeAsync() => await Tool.RunAsync(_folder, "tmux", ["-S", _socket, "kill-server"]);

    private async Task<string> TmuxAsync(params string[] arguments)
    {
        var (code, output, errors) = await Tool.RunAsync(_folder, "tmux", ["-S", _socket, .. arguments]);
        Assert.True(code == 0, $"tmux {string.Join(' ', arguments)}: {errors}");
        return System.Text.Encoding.UTF8.GetString(output);
    }
}
