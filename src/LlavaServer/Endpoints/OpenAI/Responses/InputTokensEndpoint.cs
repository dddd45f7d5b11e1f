using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>
/// <c>POST /v1/responses/input_tokens</c> and <c>/v1/chat/completions/input_tokens</c>: tokens of the prompt that the request would become, pictures
/// included. The body is checked like the real one; nothing is generated. Singleton, thread-safe.
/// </summary>
internal sealed class InputTokensEndpoint(
    JsonBodyReader bodies,
    ChatRequestReader chats,
    ResponseRequestReader responses,
    ModelSelector models,
    ChatCompletionMapper mapper,
    ModelTexts texts,
    TextGenerator generator)
{
    private static readonly JsonBodyRules s_rules = new();

    public Task ChatAsync(HttpContext context) =>
        HandleAsync(context, body =>
        {
            var chat = chats.Read(body);
            return (chat, false, reads => [.. chat.IgnoredFields, .. TemplateFields.WithoutEffect(chat, reads)]);
        });

    public Task ResponsesAsync(HttpContext context) =>
        HandleAsync(context, body =>
        {
            var response = responses.Read(body);
            return (response.Chat, response.Settings.Truncates, response.WithoutEffect);
        });

    private async Task HandleAsync(HttpContext context, Func<JsonFields, (ChatCompletionRequest Chat, bool Truncates, Func<Func<string, bool>, IReadOnlyList<string>> WithoutEffect)> read)
    {
        var record = RequestRecord.Of(context);
        GenerationRequest request;
        ModelEntry model;
        bool truncates;
        using (var body = await bodies.ReadAsync(context, s_rules))
        {
            (var chat, truncates, var withoutEffect) = read(body.Root);
            model = models.Select(chat.Model);
            record.Model = model.Name;
            request = (await mapper.MapAsync(chat, model, record, context.RequestAborted)) with { BoundsLoad = true };
            IgnoredFields.Tell(context, withoutEffect(name => texts.Reads(model, name)));
        }

        if (truncates)
        {
            request = await OldestTurns.LeaveOutAsync(generator, request, context.RequestAborted);
        }

        var size = await generator.CountAsync(request, context.RequestAborted);
        await OpenAIJson.WriteResponseAsync(context, size.Tokens, static (writer, tokens) =>
        {
            writer.WriteStartObject();
            writer.WriteString("object"u8, "response.input_tokens"u8);
            writer.WriteNumber("input_tokens"u8, tokens);
            writer.WriteEndObject();
        });
    }
}
