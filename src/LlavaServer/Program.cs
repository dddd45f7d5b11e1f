using LlavaServer.Cli;
using LlavaServer.Configuration;
using LlavaServer.Edge;
using LlavaServer.Endpoints.Documentation;
using LlavaServer.Endpoints.Anthropic;
using LlavaServer.Endpoints.Ollama;
using LlavaServer.Endpoints.OpenAI;
using LlavaServer.Health;
using LlavaServer.Logging;
using LlavaServer.Metrics;
using LlavaServer.Page;
using LlavaServer.Serving;

namespace LlavaServer;

/// <summary>The program and its server, as a table of contents.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => CommandLine.RunAsync(args);

    /// <summary>
    /// The whole server, not started. Throws <see cref="SettingsException"/> with every setting that is wrong. Tests replace services and start the same.
    /// </summary>
    /// <param name="settings">Values that win over all other sources, by their full keys.</param>
    /// <param name="replace">Changes services before they are built.</param>
    public static WebApplication Build(IReadOnlyDictionary<string, string?> settings, Action<IServiceCollection>? replace = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        var warnings = ConfigurationSources.Apply(
            builder.Configuration, builder.Environment.EnvironmentName, Environment.GetEnvironmentVariables(), settings);

        builder.Services.AddServerOptions();
        builder.Services.AddServerLogging(builder.Logging);
        builder.Services.AddNetworkEdge();
        builder.Services.AddModels();
        builder.Services.AddOpenAI();
        builder.Services.AddAnthropic();
        builder.Services.AddOllama();
        builder.Services.AddHealth();
        builder.Services.AddServerMetrics();
        builder.Services.AddApiDocs();
        builder.Services.AddPage();
        replace?.Invoke(builder.Services);
        StartupValidation.Run(builder.Services);

        var app = builder.Build();
        app.UseNetworkEdge();
        app.UseApiDocs();
        app.UsePage();
        app.UseRouting();
        app.UseKeys();
        app.MapHealth();
        app.MapMetrics();
        app.MapOpenAI();
        app.MapAnthropic();
        app.MapOllama();
        app.LogSettings(warnings);
        return app;
    }
}
