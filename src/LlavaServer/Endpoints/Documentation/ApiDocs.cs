namespace LlavaServer.Endpoints.Documentation;

/// <summary>The description of both dialects and its page at <c>/swagger</c>, served from the package without outside requests.</summary>
internal static class ApiDocs
{
    public static IServiceCollection AddApiDocs(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        services.AddSwaggerGen(static options =>
        {
            options.SwaggerDoc("v1", new()
            {
                Title = "LlavaServer",
                Version = ProductVersion.Short,
                Description = "Talk about pictures with your own machine, over the OpenAI API and the Ollama API.",
            });
            options.OperationFilter<DescriptionFilter>();
        });
        return services;
    }

    /// <summary>Runs before routes and their keys: description and page are files without anybody's data.</summary>
    public static void UseApiDocs(this WebApplication app)
    {
        if (app.Services.GetRequiredService<Microsoft.Extensions.Options.IOptions<Configuration.ServerOptions>>().Value.Web.ApiDocs)
        {
            app.UseSwagger();
            app.UseSwaggerUI(static options =>
            {
                options.DocumentTitle = "LlavaServer API";
                options.SwaggerEndpoint("v1/swagger.json", "LlavaServer");
            });
        }
    }
}
