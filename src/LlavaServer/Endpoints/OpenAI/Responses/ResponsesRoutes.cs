using LlavaServer.Endpoints.Documentation;

namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>Routes of responses and of counted prompts, and what the API's description says of them.</summary>
internal static class ResponsesRoutes
{
    private const string Picture =
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

    private const string Example =
        $$"""{"model":"llava-mini","input":[{"role":"user","content":[{"type":"input_text","text":"What do you see?"},{"type":"input_image","image_url":"{{Picture}}"}]}]}""";

    private static readonly RequestExample s_request = new(Example)
    {
        Members = [.. ResponseFields.All.Select(static field => (field.Name, field.Type, field.Description))],
    };

    private static readonly AnswerExample s_answer = new("Response", """
        {"id":"resp_1","object":"response","created_at":1795399089,"completed_at":1795399090,"status":"completed","background":false,"error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,"model":"llava-mini","output":[{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"A red circle.","annotations":[],"logprobs":[]}]}],"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"service_tier":"default","store":false,"temperature":0.8,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_logprobs":0,"top_p":0.95,"truncation":"disabled","usage":{"input_tokens":69,"input_tokens_details":{"cached_tokens":0},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":74},"user":null,"metadata":{}}
        """);

    private static readonly AnswerExample s_count = new("InputTokens", """{"object":"response.input_tokens","input_tokens":69}""");

    public static IServiceCollection AddResponses(this IServiceCollection services)
    {
        services.AddSingleton<ResponseRequestReader>();
        services.AddSingleton<ResponsesEndpoint>();
        services.AddSingleton<InputTokensEndpoint>();
        return services;
    }

    /// <param name="group">With or without <c>/v1</c>.</param>
    /// <param name="chat">What the description says of a chat request.</param>
    public static void MapResponses(this RouteGroupBuilder group, RequestExample chat)
    {
        group.MapPost("/responses", static (HttpContext context, ResponsesEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithSummary("Answers input items, with pictures; whole, or as server-sent events. Nothing is stored")
            .WithMetadata(s_request, s_answer)
            .Produces(StatusCodes.Status200OK, contentType: "application/json", additionalContentTypes: "text/event-stream")
            .Produces(StatusCodes.Status400BadRequest).Produces(StatusCodes.Status404NotFound).Produces(StatusCodes.Status429TooManyRequests);
        Count(group, "/responses/input_tokens", static (HttpContext context, InputTokensEndpoint endpoint) => endpoint.ResponsesAsync(context), s_request);
        Count(group, "/chat/completions/input_tokens", static (HttpContext context, InputTokensEndpoint endpoint) => endpoint.ChatAsync(context), chat);
        group.MapMethods("/responses/{id}", [HttpMethods.Get, HttpMethods.Head, HttpMethods.Delete], static (string id) => ResponsesEndpoint.NotStoredAsync(id)).ExcludeFromDescription();
        group.MapPost("/responses/{id}/cancel", static (string id) => ResponsesEndpoint.NotStoredAsync(id)).ExcludeFromDescription();
        group.MapMethods("/responses/{id}/input_items", [HttpMethods.Get, HttpMethods.Head], static (string id) => ResponsesEndpoint.NotStoredAsync(id)).ExcludeFromDescription();
    }

    private static void Count(RouteGroupBuilder group, string pattern, Delegate handler, RequestExample request) =>
        group.MapPost(pattern, handler)
            .WithSummary("Tokens of the prompt that the request would become, pictures included; generates nothing").WithMetadata(request, s_count)
            .Produces(StatusCodes.Status200OK, contentType: "application/json")
            .Produces(StatusCodes.Status400BadRequest).Produces(StatusCodes.Status404NotFound);
}
