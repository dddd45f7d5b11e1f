using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LlavaServer.Tests.Page;

/// <summary>
/// What the page's tests, which run in Node.js, tell the host from outside: an address beside the server's, on the loopback address of the test process
/// alone. <c>tests/web/harness/control.mjs</c> is its other side. Owned by one test.
/// </summary>
internal sealed class PageControl : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PageControl(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    public static async Task<PageControl> StartAsync(PageHost host)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapGet("/state", () => Results.Json(new
        {
            steps = host.Script.Factory.Steps,
            loads = host.Script.Factory.Loads,
            active = host.Active,
            prompt = host.Script.Factory.LastPrompt,
            pictures = host.Script.Seen,
        }));
        app.MapPost("/set", (int? load, int? encode, int? prefill, int? pace, string? say, string? fault, bool? hurry) =>
        {
            var script = host.Script;
            (script.LoadTime, script.EncodeTime, script.PrefillTime) = (load ?? script.LoadTime, encode ?? script.EncodeTime, prefill ?? script.PrefillTime);
            (script.Pace, script.Saying, script.Hurries) = (pace ?? script.Pace, say ?? script.Saying, hurry ?? script.Hurries);
            script.Fault = fault switch
            {
                "memory" => new InsufficientMemoryException("what the caller must not read"),
                "engine" => new InvalidOperationException("what the caller must not read"),
                _ => null,
            };
        });
        app.MapPost("/reset", host.ResetAsync);
        app.MapPost("/restart", (Dictionary<string, string?> settings) => host.RestartAsync(settings));
        app.MapPost("/thinker", host.StartThinkerAsync);
        app.MapPost("/occupy", (int count) => host.OccupyAsync(count));
        app.MapPost("/release", (int count) => host.ReleaseAsync(count));
        app.MapPost("/unload", (string model) => host.UnloadAsync(model));
        app.MapPost("/kill", host.KillAsync);
        app.MapPost("/start", (bool? ready) => host.StartAsync(ready ?? true));
        app.MapPost("/ready", host.GetReadyAsync);
        app.MapPost("/close", host.CloseAsync);
        app.MapPost("/drain", host.Drain);
        await app.StartAsync();
        return new PageControl(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
