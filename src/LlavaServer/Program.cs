using LlavaServer.Configuration;
using LlavaServer.Edge;
using LlavaServer.Endpoints.Ollama;

namespace LlavaServer;

/// <summary>The server, as a table of contents.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        await using var app = Build(new Dictionary<string, string?>());
        await app.RunAsync();
        return 0;
    }

    /// <summary>The whole server, not started. Tests replace services and call the same.</summary>
    public static WebApplication Build(IReadOnlyDictionary<string, string?> commandLine, Action<IServiceCollection>? replace = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(commandLine);
        builder.Services.AddOptions<ServerOptions>().BindConfiguration(ServerOptions.Section);
        builder.Services.AddOptions<LimitsOptions>().BindConfiguration(LimitsOptions.Section);
        builder.Services.AddOptions<SecurityOptions>().BindConfiguration(SecurityOptions.Section);
        builder.Services.AddNetworkEdge();
        builder.Services.AddOllama();
        replace?.Invoke(builder.Services);

        var app = builder.Build();
        app.UseNetworkEdge();
        app.UseRouting();
        app.MapOllama();
        return app;
    }
}
