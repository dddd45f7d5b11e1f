using LlavaServer.Edge.Access;
using LlavaServer.Endpoints.Documentation;
using LlavaServer.Endpoints.Ollama.Embedding;
using LlavaServer.Endpoints.Ollama.Store;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Routes of the Ollama dialect.</summary>
internal static class OllamaEndpoints
{
    /// <summary>Version of Ollama whose behaviour this is: clients switch features by it.</summary>
    public const string EmulatedVersion = "0.33.0";

    private const string Group = "Ollama";
    private const string Json = "application/json";
    private const string NdjsonType = "application/x-ndjson";

    public static IServiceCollection AddOllama(this IServiceCollection services)
    {
        services.AddSingleton<OllamaFormat>();
        services.AddSingleton<OllamaRequestReader>();
        services.AddSingleton<OllamaModels>();
        services.AddSingleton<OllamaLoading>();
        services.AddSingleton<OllamaPrompts>();
        services.AddSingleton<OllamaAnswering>();
        services.AddSingleton<OllamaChatEndpoint>();
        services.AddSingleton<OllamaGenerateEndpoint>();
        services.AddSingleton<OllamaShowEndpoint>();
        services.AddSingleton<OllamaCopyEndpoint>();
        services.AddSingleton<OllamaDeleteEndpoint>();
        services.AddSingleton<OllamaStopEndpoint>();
        services.AddSingleton<OllamaBlobEndpoint>();
        services.AddSingleton<OllamaEmbedReader>();
        services.AddSingleton<OllamaEmbedding>();
        services.AddSingleton<OllamaEmbedEndpoint>();
        services.AddSingleton<OllamaEmbeddingsEndpoint>();
        services.AddSingleton<RegistryAccess>();
        services.AddSingleton<OllamaTransferEndpoint>();
        services.AddSingleton<OllamaCreateEndpoint>();
        return services;
    }

    public static IEndpointRouteBuilder MapOllama(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("").WithTags(Group);
        Read<string>(group, "/", static (HttpContext context) => OllamaJson.WriteTextAsync(context, "Ollama is running"), "Says that a server is here", "text/plain", AccessGroup.Open);
        Read<OllamaVersion>(group, "/api/version", WriteVersionAsync, "The version of Ollama whose API this is");
        Read<OllamaTags>(group, "/api/tags", WriteTagsAsync, "Models that this server serves");
        group.MapGet("/api/ps", WriteRunningAsync).Produces<OllamaRunningModels>().WithSummary("Models in memory");
        group.MapGet("/api/status", (Delegate)WriteStatusAsync).Produces<OllamaCloudStatus>().WithSummary("Whether a cloud is behind this server");
        Describe<OllamaModelInformation>(
            group.MapPost("/api/show", static (HttpContext context, OllamaShowEndpoint endpoint) => endpoint.HandleAsync(context)),
            OllamaExamples.Show,
            "Details of a model");
        Describe<OllamaChatAnswer>(
            group.MapPost("/api/chat", static (HttpContext context, OllamaChatEndpoint endpoint) => endpoint.HandleAsync(context)),
            OllamaExamples.Chat,
            "Answers a conversation, with pictures",
            NdjsonType);
        Describe<OllamaGenerateAnswer>(
            group.MapPost("/api/generate", static (HttpContext context, OllamaGenerateEndpoint endpoint) => endpoint.HandleAsync(context)),
            OllamaExamples.Generate,
            "Answers one prompt, with pictures",
            NdjsonType);
        Describe<OllamaEmbedAnswer>(
            group.MapPost("/api/embed", static (HttpContext context, OllamaEmbedEndpoint endpoint) => endpoint.HandleAsync(context)),
            OllamaExamples.Embed,
            "Vectors of texts");
        Describe<OllamaEmbeddingAnswer>(
            group.MapPost("/api/embeddings", static (HttpContext context, OllamaEmbeddingsEndpoint endpoint) => endpoint.HandleAsync(context)),
            OllamaExamples.Embeddings,
            "The vector of one text, in the older form");
        group.MapPost("/api/copy", static (HttpContext context, OllamaCopyEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithMetadata(OllamaExamples.Copy).WithSummary("Gives a model a second name").WithAccess(AccessGroup.Manage)
            .Produces(StatusCodes.Status200OK).Produces<OllamaError>(StatusCodes.Status400BadRequest).Produces<OllamaError>(StatusCodes.Status404NotFound);
        group.MapDelete("/api/delete", static (HttpContext context, OllamaDeleteEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithMetadata(OllamaExamples.Delete).WithSummary("Removes a model, and its files unless another model uses them").WithAccess(AccessGroup.Manage)
            .Produces(StatusCodes.Status200OK).Produces<OllamaError>(StatusCodes.Status400BadRequest).Produces<OllamaError>(StatusCodes.Status404NotFound);
        group.MapPost("/api/stop", static (HttpContext context, OllamaStopEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithMetadata(OllamaExamples.Stop).WithSummary("Takes a model out of memory at once; running answers end as failed").WithAccess(AccessGroup.Manage)
            .Produces(StatusCodes.Status200OK).Produces<OllamaError>(StatusCodes.Status400BadRequest).Produces<OllamaError>(StatusCodes.Status404NotFound);
        Transfer(group, "/api/pull", static (HttpContext context, OllamaTransferEndpoint endpoint) => endpoint.PullAsync(context), OllamaExamples.Pull, "Pulls a model from its registry");
        Transfer(group, "/api/push", static (HttpContext context, OllamaTransferEndpoint endpoint) => endpoint.PushAsync(context), OllamaExamples.Push, "Pushes a model of the store to its registry");
        Transfer(group, "/api/create", static (HttpContext context, OllamaCreateEndpoint endpoint) => endpoint.HandleAsync(context), OllamaExamples.Create, "Makes a model out of another one, or of uploaded files");
        group.MapPost("/api/blobs/{digest}", static (HttpContext context, string digest, OllamaBlobEndpoint endpoint) => endpoint.UploadAsync(context, digest))
            .WithAccess(AccessGroup.Manage).ExcludeFromDescription();
        group.MapMethods("/api/blobs/{digest}", [HttpMethods.Head], static (HttpContext context, string digest, OllamaBlobEndpoint endpoint) => endpoint.Probe(context, digest))
            .WithAccess(AccessGroup.Manage).ExcludeFromDescription();
        OllamaUnavailable.Map(group);
        return routes;
    }

    private static Task WriteVersionAsync(HttpContext context)
    {
        context.Response.Headers[OllamaHeaders.Version] = ProductVersion.Short;
        return OllamaJson.WriteAsync(context, new OllamaVersion(EmulatedVersion), OllamaJson.Context.OllamaVersion);
    }

    private static Task WriteStatusAsync(HttpContext context) =>
        OllamaJson.WriteAsync(context, new OllamaCloudStatus(), OllamaJson.Context.OllamaCloudStatus);

    private static Task WriteTagsAsync(HttpContext context, OllamaModels models) =>
        OllamaJson.WriteAsync(context, new OllamaTags([.. models.All.Select(OllamaTag.Of)]), OllamaJson.Context.OllamaTags);

    private static Task WriteRunningAsync(HttpContext context, OllamaLoading loading) =>
        OllamaJson.WriteAsync(context, loading.Running(), OllamaJson.Context.OllamaRunningModels);

    /// <summary>GET, described, and HEAD, which answers the same without a body.</summary>
    private static void Read<TAnswer>(RouteGroupBuilder group, string pattern, Delegate handler, string summary, string contentType = Json, AccessGroup access = AccessGroup.Use)
    {
        group.MapGet(pattern, handler).Produces<TAnswer>(contentType: contentType).WithSummary(summary).WithAccess(access);
        group.MapMethods(pattern, [HttpMethods.Head], handler).ExcludeFromDescription().WithAccess(access);
    }

    private static void Transfer(RouteGroupBuilder group, string pattern, Delegate handler, RequestExample example, string summary) =>
        group.MapPost(pattern, handler).WithMetadata(example).WithSummary(summary).WithAccess(AccessGroup.Manage)
            .Produces<OllamaProgress>(StatusCodes.Status200OK, NdjsonType, Json)
            .Produces<OllamaError>(StatusCodes.Status400BadRequest).Produces<OllamaError>(StatusCodes.Status403Forbidden).Produces<OllamaError>(StatusCodes.Status404NotFound);

    private static void Describe<TAnswer>(RouteHandlerBuilder route, RequestExample example, string summary, params string[] streamTypes) =>
        route.WithMetadata(example).WithSummary(summary)
            .Produces<TAnswer>(StatusCodes.Status200OK, Json, streamTypes)
            .Produces<OllamaError>(StatusCodes.Status400BadRequest).Produces<OllamaError>(StatusCodes.Status404NotFound)
            .Produces<OllamaError>(StatusCodes.Status503ServiceUnavailable);
}
