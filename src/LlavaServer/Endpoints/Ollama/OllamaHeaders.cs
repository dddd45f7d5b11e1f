using LlavaServer.Endpoints.Reading;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Response headers that this server adds to the dialect.</summary>
internal static class OllamaHeaders
{
    public const string IgnoredParameters = "llava-ignored-params";
    public const string Version = "X-LlavaServer-Version";

    /// <summary>Says which members were accepted and do nothing here.</summary>
    public static void Ignored(HttpContext context, OllamaRequest request) =>
        Ignored(context, [.. request.Ignored, .. request.Options.Ignored.Select(static name => $"options.{name}")]);

    /// <summary>The same of a request for vectors, in which nothing is sampled.</summary>
    public static void IgnoredForEmbedding(HttpContext context, JsonFields? options)
    {
        if (options is { } given)
        {
            Ignored(context, OllamaOptionsReader.KnownNames.Where(name => name != "num_ctx" && given.Has(name)).Select(static name => $"options.{name}"));
        }
    }

    /// <summary>The same of a request that is not for an answer.</summary>
    public static void Ignored(HttpContext context, IEnumerable<string> names)
    {
        if (string.Join(',', names) is { Length: > 0 } header)
        {
            context.Response.Headers[IgnoredParameters] = header;
        }
    }
}
