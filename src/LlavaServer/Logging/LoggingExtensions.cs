using System.Globalization;
using LlavaServer.Configuration;
using Microsoft.Extensions.Options;
using Serilog;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace LlavaServer.Logging;

/// <summary>Serilog behind the framework's logger: short text on a terminal, compact JSON elsewhere, console only.</summary>
internal static partial class LoggingExtensions
{
    private const string TextForm = "[{Timestamp:HH:mm:ss} {Level:u3}] {Message:lj}{NewLine}{Exception}";

    public static IServiceCollection AddServerLogging(this IServiceCollection services, ILoggingBuilder logging)
    {
        logging.ClearProviders();
        services.AddSerilog(static (provider, logger) =>
        {
            var options = provider.GetRequiredService<IOptions<ServerOptions>>().Value.Logging;
            logger.MinimumLevel.Is(LevelOf(options.Level));
            logger.MinimumLevel.Override("Microsoft", LogEventLevel.Warning);
            // The command line says in one sentence why a start failed; the host would add its stack trace.
            logger.MinimumLevel.Override("Microsoft.Extensions.Hosting", LogEventLevel.Fatal);
            logger.MinimumLevel.Override("System", LogEventLevel.Warning);
            logger.Enrich.FromLogContext().Enrich.With<HostScopeFilter>();
            var isText = options.Format == LogFormat.Text || (options.Format == LogFormat.Auto && !Console.IsOutputRedirected);
            _ = isText
                ? logger.WriteTo.Console(outputTemplate: TextForm, formatProvider: CultureInfo.InvariantCulture)
                : logger.WriteTo.Console(new RenderedCompactJsonFormatter());
        });
        return services;
    }

    /// <summary>Says what is odd about the settings, once they can be logged.</summary>
    public static void LogSettings(this WebApplication app, IReadOnlyList<string> warnings)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("LlavaServer");
        foreach (var warning in warnings)
        {
            Log.Setting(logger, warning);
        }
    }

    private static LogEventLevel LevelOf(LogLevel level) => level switch
    {
        LogLevel.Trace => LogEventLevel.Verbose,
        LogLevel.Debug => LogEventLevel.Debug,
        LogLevel.Warning => LogEventLevel.Warning,
        LogLevel.Error or LogLevel.Critical or LogLevel.None => LogEventLevel.Error,
        _ => LogEventLevel.Information,
    };

    private static partial class Log
    {
        [LoggerMessage(30, LogLevel.Warning, "{Warning}")]
        public static partial void Setting(Microsoft.Extensions.Logging.ILogger logger, string warning);
    }
}
