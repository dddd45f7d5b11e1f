using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using LlavaServer.Configuration;
using LlavaServer.Health;
using LlavaServer.Inference;
using LlavaServer.Tests.EndToEnd;
using LlavaServer.Tests.Endpoints.Ollama.Store;
using LlavaServer.Tests.Scripted;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace LlavaServer.Tests.Page;

/// <summary>
/// The server that the page's tests visit: the real host over the scripted engine, always at the same address, which can be killed, drained and started
/// again, and kept busy by requests of others. Its control is used by one test at a time.
/// </summary>
internal sealed class PageHost : IAsyncDisposable
{
    private const string ThinkerTemplate =
        "{{ range .Messages }}{{ if eq .Role \"user\" }}USER: {{ .Content }} ASSISTANT:{{ else }}{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}{{ end }}{{ end }}{{ if and $.IsThinkSet (not $.Think) }}<think></think>{{ end }}";

    private readonly Dictionary<string, string?> _settings;
    private readonly List<(CancellationTokenSource Leaving, Task<HttpResponseMessage> Answer)> _others = [];
    private readonly HttpClient _http;

    /// <summary>Settings of this server alone, or null: it is as at the beginning.</summary>
    private IReadOnlyDictionary<string, string?>? _changed;
    private ScriptedServer? _server;
    private HandWrittenStore? _thinker;
    private CancellationTokenSource _draining = new();
    private Task _ending = Task.CompletedTask;

    public PageHost(params (string Key, string Value)[] settings)
    {
        Address = new Uri($"http://127.0.0.1:{LastingPort()}/");
        _settings = new Dictionary<string, string?>
        {
            ["Llava:Host"] = Address.AbsoluteUri.TrimEnd('/'),
            ["Llava:Engine:Slots"] = "2",
            ["Llava:Engine:StepRows"] = "128",
            ["Llava:Web:DefaultModel"] = "eye",
            ["Llava:Logging:Level"] = "error",
        };
        foreach (var (key, value) in settings)
        {
            _settings[key] = value;
        }

        // Who leaves does not read on for two seconds, as this client does by itself.
        _http = new HttpClient(new SocketsHttpHandler { MaxResponseDrainSize = 0 }) { BaseAddress = Address, Timeout = Timeout.InfiniteTimeSpan };
    }

    public Uri Address { get; }

    public PageScript Script { get; } = new();

    /// <summary>Requests that the server has taken and not ended.</summary>
    public int Active => _server?.Services.GetRequiredService<TextGenerator>().ActiveCount ?? 0;

    /// <param name="ready">Whether the models are loaded; otherwise <see cref="GetReadyAsync"/> does it.</param>
    public async Task StartAsync(bool ready = true)
    {
        if (_server is null)
        {
            var settings = new Dictionary<string, string?>(_settings);
            foreach (var (key, value) in _changed ?? new Dictionary<string, string?>())
            {
                settings[key] = value;
            }

            _server = await ScriptedServer.StartAsync(Script.Factory, settings);
            if (ready)
            {
                await GetReadyAsync();
            }
            else
            {
                _changed ??= new Dictionary<string, string?>();
            }
        }
    }

    public Task GetReadyAsync() => _server!.AnnounceAsync();

    /// <summary>Goes and comes again with other settings, until the next <see cref="ResetAsync"/>.</summary>
    public async Task RestartAsync(IReadOnlyDictionary<string, string?> settings)
    {
        await KillAsync();
        _changed = settings;
        await StartAsync();
    }

    /// <summary>Goes and comes again with a model that thinks, until the next <see cref="ResetAsync"/>.</summary>
    public Task StartThinkerAsync()
    {
        if (_thinker is null)
        {
            _thinker = new HandWrittenStore(Script.Factory.Words);
            _thinker.AddLlava("registry.ollama.ai/library/thinker/7b", template: ThinkerTemplate);
        }

        return RestartAsync(new Dictionary<string, string?>(_thinker.Settings) { ["Llava:Web:DefaultModel"] = "thinker:7b" });
    }

    /// <summary>Ends the server as a killed process ends: connections break.</summary>
    public async Task KillAsync()
    {
        if (_server is not { } server)
        {
            return;
        }

        _server = null;
        server.Services.GetRequiredService<IOptions<ShutdownOptions>>().Value.Delay = TimeSpan.Zero;
        await _draining.CancelAsync();
        await ((Task)server.KillAsync()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _ending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await server.DisposeAsync();
    }

    /// <summary>Lets the server go down as on SIGTERM: until it is killed it says that it is draining, and answers.</summary>
    public void Drain()
    {
        _changed = new Dictionary<string, string?>();
        _server!.Services.GetRequiredService<IOptions<ShutdownOptions>>().Value.Delay = TimeSpan.FromHours(1);
        _draining.Dispose();
        _draining = new CancellationTokenSource();
        _ending = _server.DrainAsync(_draining.Token);
    }

    /// <summary>Lets the server refuse new requests as it does on its way down, but go on listening.</summary>
    public Task CloseAsync()
    {
        _changed = new Dictionary<string, string?>();
        _server!.Services.GetRequiredService<IOptions<ShutdownOptions>>().Value.Delay = TimeSpan.Zero;
        return _server.Services.GetServices<IHostedService>().OfType<DrainService>().Single().StoppingAsync(CancellationToken.None);
    }

    /// <summary>Lets others ask, whose answers do not end by themselves.</summary>
    public async Task OccupyAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var before = Active;
            var leaving = new CancellationTokenSource();
            var question = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
            {
                Content = JsonContent.Create(new { model = "eye", stream = true, messages = new[] { new { role = "user", content = "#tokens 15000 #slow 20" } } }),
            };
            _others.Add((leaving, _http.SendAsync(question, HttpCompletionOption.ResponseHeadersRead, leaving.Token)));
            await UntilAsync(() => Active > before);
        }
    }

    /// <summary>Lets those leave who came first.</summary>
    public async Task ReleaseAsync(int count)
    {
        foreach (var (leaving, answer) in _others.Take(count).ToArray())
        {
            await leaving.CancelAsync();
            await ((Task)answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (answer.IsCompletedSuccessfully)
            {
                answer.Result.Dispose();
            }

            leaving.Dispose();
            _others.RemoveAt(0);
        }
    }

    public async Task UnloadAsync(string model) =>
        (await _http.PostAsJsonAsync("api/generate", new { model, keep_alive = 0 })).EnsureSuccessStatusCode().Dispose();

    /// <summary>Everything as at the beginning.</summary>
    public async Task ResetAsync()
    {
        Script.Forget();
        await ReleaseAsync(_others.Count);
        if (_changed is not null)
        {
            await KillAsync();
        }

        _changed = null;

        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await ReleaseAsync(_others.Count);
        await KillAsync();
        _draining.Dispose();
        _http.Dispose();
        _thinker?.Dispose();
    }

    /// <summary>A port that nobody is given while the server is away: free, and below those that the system hands out (RFC 6335, section 6).</summary>
    private static int LastingPort()
    {
        while (true)
        {
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, Random.Shared.Next(20_000, 30_000));
                probe.Start();
                return ((IPEndPoint)probe.LocalEndpoint).Port;
            }
            catch (SocketException)
            {
                // Taken: another one.
            }
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var started = TimeProvider.System.GetTimestamp(); !condition(); await Task.Delay(5))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(20), "The server does not take the request.");
        }
    }
}
