using LlavaServer.Endpoints.Documentation;
using LlavaServer.Endpoints.OpenAI.Completions;
using LlavaServer.Endpoints.OpenAI.Responses;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Routes of the OpenAI dialect, each with and without <c>/v1</c>: many users leave it out of the base address.</summary>
internal static class OpenAIEndpoints
{
    private const string Group = "OpenAI";

    private const string Example =
        """{"model":"llava-mini","stream":false,"messages":[{"role":"user","content":[{"type":"text","text":"What do you see?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"}}]}]}""";

    private static readonly RequestExample s_chat = new(Example)
    {
        Members = [.. ChatFields.All.Select(static field => (field.Name, field.Type, field.Description))],
    };

    private static readonly RequestExample s_completion = new("{\"model\":\"llava-mini\",\"prompt\":\"A red circle is\",\"max_tokens\":16}")
    {
        Members = [.. CompletionFields.All.Select(static field => (field.Name, field.Type, field.Description))],
    };

    private static readonly RequestExample s_embeddings = new("{\"model\":\"llava-mini\",\"input\":[\"a red circle\",\"a blue square\"],\"encoding_format\":\"float\"}")
    {
        Members = [.. EmbeddingFields.All.Select(static field => (field.Name, field.Type, field.Description))],
    };

    private static readonly RequestExample s_applyTemplate = new("{\"messages\":[{\"role\":\"user\",\"content\":\"What do you see?\"}]}")
    {
        Members = [("messages", "array", "The conversation, as for chat completions."), ("model", "string", "Name of a model.")],
    };

    private static readonly RequestExample s_tokenize = new("{\"content\":\"What do you see?\",\"with_pieces\":true}")
    {
        Members =
        [
            ("content", "string", "The text."),
            ("add_special", "boolean", "Add the tokens that begin and end a text. Default false."),
            ("parse_special", "boolean", "Read control tokens that the text spells out. Default true."),
            ("with_pieces", "boolean", "Answer with the text of every token. Default false."),
            ("model", "string", "Name of a model."),
        ],
    };

    private static readonly RequestExample s_detokenize = new("{\"tokens\":[1,2]}")
    {
        Members = [("tokens", "array", "Token ids."), ("model", "string", "Name of a model.")],
    };

    public static IServiceCollection AddOpenAI(this IServiceCollection services)
    {
        services.AddSingleton<ChatRequestReader>();
        services.AddSingleton<AnswerFormat>();
        services.AddSingleton<AnswerFieldsReader>();
        services.AddSingleton<LogitBias>();
        services.AddSingleton<RequestImages>();
        services.AddSingleton<ChatCompletionMapper>();
        services.AddSingleton<ChatCompletionsEndpoint>();
        services.AddSingleton<CompletionRequestReader>();
        services.AddSingleton<CompletionMapper>();
        services.AddSingleton<CompletionsEndpoint>();
        services.AddSingleton<ModelSelector>();
        services.AddResponses();
        services.AddSingleton<EmbeddingInputReader>();
        services.AddSingleton<EmbeddingsEndpoint>();
        services.AddSingleton<ModelsEndpoint>();
        services.AddSingleton<ApplyTemplateEndpoint>();
        services.AddSingleton<TokenizeEndpoint>();
        services.AddSingleton<PropsEndpoint>();
        services.AddSingleton<SlotsEndpoint>();
        return services;
    }

    public static IEndpointRouteBuilder MapOpenAI(this IEndpointRouteBuilder routes)
    {
        var v1 = routes.MapGroup("/v1").WithTags(Group);
        Map(v1);
        v1.MapPost("/completions", static (HttpContext context, CompletionsEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithSummary("Goes on with a text as it is, without a chat template; whole, or as server-sent events")
            .WithMetadata(s_completion, OpenAIAnswers.Completion)
            .Produces(StatusCodes.Status200OK, contentType: "application/json", additionalContentTypes: "text/event-stream")
            .Produces(StatusCodes.Status400BadRequest).Produces(StatusCodes.Status404NotFound).Produces(StatusCodes.Status429TooManyRequests)
            .Produces(StatusCodes.Status503ServiceUnavailable);
        MapEmbeddings(v1);
        Map(routes.MapGroup("").ExcludeFromDescription());
        MapLlamaServer(routes.MapGroup("").WithTags(Group));
        return routes;
    }

    private static void Map(RouteGroupBuilder group)
    {
        group.MapPost("/chat/completions", static (HttpContext context, ChatCompletionsEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithSummary("Answers a conversation, with pictures; whole, or as server-sent events")
            .WithMetadata(s_chat, OpenAIAnswers.Chat)
            .Produces(StatusCodes.Status200OK, contentType: "application/json", additionalContentTypes: "text/event-stream")
            .Produces(StatusCodes.Status400BadRequest).Produces(StatusCodes.Status404NotFound).Produces(StatusCodes.Status429TooManyRequests)
            .Produces(StatusCodes.Status503ServiceUnavailable);
        group.MapResponses(s_chat);
        Read(group, "/models", static (HttpContext context, ModelsEndpoint endpoint) => endpoint.ListAsync(context), "Models that this server serves", OpenAIAnswers.Models);
        Read(group, "/models/{**id}", static (HttpContext context, ModelsEndpoint endpoint, string id) => endpoint.GetAsync(context, id), "One model", OpenAIAnswers.Model).Produces(StatusCodes.Status404NotFound);
    }

    /// <summary>Without <c>/v1</c> it is llama-server's own form, which is not offered.</summary>
    private static void MapEmbeddings(RouteGroupBuilder group) =>
        group.MapPost("/embeddings", static (HttpContext context, EmbeddingsEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithSummary("Vectors of texts, tokens or pictures").WithMetadata(s_embeddings, OpenAIAnswers.Embeddings)
            .Produces(StatusCodes.Status200OK, contentType: "application/json")
            .Produces(StatusCodes.Status400BadRequest).Produces(StatusCodes.Status404NotFound).Produces(StatusCodes.Status429TooManyRequests)
            .Produces(StatusCodes.Status503ServiceUnavailable);

    /// <summary>Routes of llama-server that have no place under <c>/v1</c>.</summary>
    private static void MapLlamaServer(RouteGroupBuilder group)
    {
        group.MapPost("/apply-template", static (HttpContext context, ApplyTemplateEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithSummary("The prompt that a conversation becomes; generates nothing").WithMetadata(s_applyTemplate, OpenAIAnswers.Prompt)
            .Produces(StatusCodes.Status200OK, contentType: "application/json")
            .Produces(StatusCodes.Status400BadRequest).Produces(StatusCodes.Status404NotFound);
        group.MapPost("/tokenize", static (HttpContext context, TokenizeEndpoint endpoint) => endpoint.TokenizeAsync(context))
            .WithSummary("Tokens of a text").WithMetadata(s_tokenize, OpenAIAnswers.Tokens)
            .Produces(StatusCodes.Status200OK, contentType: "application/json")
            .Produces(StatusCodes.Status400BadRequest).Produces(StatusCodes.Status404NotFound);
        group.MapPost("/detokenize", static (HttpContext context, TokenizeEndpoint endpoint) => endpoint.DetokenizeAsync(context))
            .WithSummary("Text of tokens").WithMetadata(s_detokenize, OpenAIAnswers.Text)
            .Produces(StatusCodes.Status200OK, contentType: "application/json")
            .Produces(StatusCodes.Status400BadRequest).Produces(StatusCodes.Status404NotFound);
        Read(group, "/props", static (HttpContext context, PropsEndpoint endpoint) => endpoint.GetAsync(context), "Properties of the server and a model", OpenAIAnswers.Props).Produces(StatusCodes.Status404NotFound);
        Read(group, "/slots", static (HttpContext context, SlotsEndpoint endpoint) => endpoint.GetAsync(context), "Which slots of a model are busy", OpenAIAnswers.Slots).Produces(StatusCodes.Status404NotFound);
        group.MapPost("/props", PropsEndpoint.PostAsync).ExcludeFromDescription();
    }

    private static RouteHandlerBuilder Read(RouteGroupBuilder group, string pattern, Delegate handler, string summary, AnswerExample answer)
    {
        group.MapMethods(pattern, [HttpMethods.Head], handler).ExcludeFromDescription();
        return group.MapGet(pattern, handler).WithSummary(summary).WithMetadata(answer).Produces(StatusCodes.Status200OK, contentType: "application/json");
    }
}
