using LlavaServer.Configuration;
using Microsoft.Extensions.Options;

namespace LlavaServer.Page;

/// <summary>The chat page at <c>/</c>.</summary>
internal static class PageExtensions
{
    public static IServiceCollection AddPage(this IServiceCollection services)
    {
        services.AddSingleton<PageFiles>();
        services.AddSingleton<PageSettings>();
        return services;
    }

    /// <summary>Without <c>Web:Enabled</c> there is neither page nor files nor <c>ui.json</c>.</summary>
    public static void UsePage(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<ServerOptions>>().Value.Web.Enabled)
        {
            app.UseMiddleware<PageMiddleware>();
        }
    }
}
