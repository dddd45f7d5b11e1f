using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Loading;
using LlavaServer.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LlavaServer.Tests.Scripted;

/// <summary>
/// The real server on a free port, over scripted engines. Serves two models: <c>eye</c> sees, <c>blind</c> does not. One test owns it.
/// </summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ScriptedModel _eye;
    private readonly ScriptedModel _blind;

    private ScriptedServer(WebApplication app, ScriptedEngineFactory script, ScriptedModel eye, ScriptedModel blind)
    {
        _app = app;
        _eye = eye;
        _blind = blind;
        Script = script;
        Address = new Uri(app.Urls.Single());
        Client = new HttpClient { BaseAddress = Address };
    }

    public ScriptedEngineFactory Script { get; }

    public Uri Address { get; }

    /// <summary>A plain client of the server.</summary>
    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    /// <param name="script">What the models answer.</param>
    /// <param name="settings">Settings by their full keys, for example <c>Llava:Queue:MaxQueue</c>.</param>
    /// <param name="replace">Puts other services in place.</param>
    public static async Task<ScriptedServer> StartAsync(
        ScriptedEngineFactory? script = null, IReadOnlyDictionary<string, string?>? settings = null, Action<IServiceCollection>? replace = null)
    {
        script ??= new ScriptedEngineFactory();
        var eye = new ScriptedModel("eye", sees: true, script.Words);
        var blind = new ScriptedModel("blind", sees: false, script.Words);
        var all = new Dictionary<string, string?>(settings ?? new Dictionary<string, string?>())
        {
            ["Llava:Shutdown:Delay"] = "00:00:00",
            ["Llava:Shutdown:Grace"] = "00:00:02",
        };
        all.TryAdd("Llava:Host", "http://127.0.0.1:0");
        all.TryAdd("Llava:Logging:Level", "warning");
        all.TryAdd("Llava:Models:Path", eye.StoreFolder);

        // No test reaches for a registry of the world, whatever name it makes up.
        all.TryAdd("Llava:Models:Registries", "registry.invalid");
        var app = Program.Build(all, services =>
        {
            services.AddInference();
            services.Replace(ServiceDescriptor.Singleton(provider => new ModelCatalog([eye.Entry, blind.Entry], provider.GetRequiredService<StoredModels>())));
            services.Replace(ServiceDescriptor.Singleton<IInferenceEngineFactory>(script));
            replace?.Invoke(services);
        });
        await app.StartAsync();
        return new ScriptedServer(app, script, eye, blind);
    }

    /// <summary>Loads the models as the program does at its start; until then the server is not ready.</summary>
    public Task AnnounceAsync() => _app.AnnounceAsync();

    /// <summary>Ends as a server does whose process is killed: connections break, nothing is finished.</summary>
    public Task KillAsync() => _app.StopAsync(new CancellationToken(canceled: true));

    /// <summary>Begins to drain, as on SIGTERM; cancelled, it ends at once.</summary>
    public Task DrainAsync(CancellationToken cancellationToken = default) => _app.StopAsync(cancellationToken);

    /// <summary>Waits until no request is left anywhere.</summary>
    public async Task AssertIdleAsync()
    {
        var generator = Services.GetRequiredService<TextGenerator>();
        var started = TimeProvider.System.GetTimestamp();
        while (generator.ActiveCount > 0)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(20), $"{generator.ActiveCount} requests are still active.");
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _eye.Dispose();
        _blind.Dispose();
    }
}
