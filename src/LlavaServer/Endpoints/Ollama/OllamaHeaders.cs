namespace LlavaServer.Endpoints.Ollama;

/// <summary>Response headers that this server adds to the dialect.</summary>
internal static class OllamaHeaders
{
    public const string IgnoredParameters = "llava-ignored-params";
    public const string Version = "X-LlavaServer-Version";

    /// <summary>Says which members were accepted and do nothing here.</summary>
    public static void Ignored(HttpContext context, OllamaRequest request)
    {
        if (string.Join(',', request.Options.Ignored.Select(static name => $"options.{name}")) is { Length: > 0 } header)
        {
            context.Response.Headers[IgnoredParameters] = header;
        }
    }
}
