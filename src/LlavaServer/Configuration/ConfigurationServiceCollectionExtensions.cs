using Microsoft.Extensions.Options;

namespace LlavaServer.Configuration;

/// <summary>Registers the host's options, validated at start, each also by its part.</summary>
internal static class ConfigurationServiceCollectionExtensions
{
    public static IServiceCollection AddServerOptions(this IServiceCollection services)
    {
        services.AddOptions<ServerOptions>().BindConfiguration(ServerOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ServerOptions>, ServerOptionsValidator>();
        services.AddSingleton<IValidateOptions<ServerOptions>, ServerOptionsRules>();
        services.AddPart(static options => options.Limits);
        services.AddPart(static options => options.Images);
        services.AddPart(static options => options.Security);
        services.AddPart(static options => options.Streaming);
        services.AddPart(static options => options.Shutdown);
        services.AddPart(static options => options.OpenAI);
        services.AddPart(static options => options.Metrics);
        return services;
    }

    private static void AddPart<T>(this IServiceCollection services, Func<ServerOptions, T> part)
        where T : class =>
        services.AddSingleton(provider => Options.Create(part(provider.GetRequiredService<IOptions<ServerOptions>>().Value)));
}
