using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// <c>POST /apply-template</c>, as llama-server has it: the prompt that a chat request would become, with a marker for every picture and without the
/// token that the tokenizer puts in front. Generates nothing. Singleton, thread-safe.
/// </summary>
internal sealed class ApplyTemplateEndpoint(
    JsonBodyReader bodies, ChatRequestReader requests, ModelSelector models, ChatCompletionMapper mapper, ModelTexts texts)
{
    /// <summary>Stands for a picture; llama-server's default.</summary>
    public const string MediaMarker = "<__media__>";

    private static readonly JsonBodyRules s_rules = new();

    public async Task HandleAsync(HttpContext context)
    {
        GenerationRequest request;
        ModelEntry model;
        using (var body = await bodies.ReadAsync(context, s_rules))
        {
            var chat = requests.Read(body.Root);
            model = models.Select(chat.Model);
            request = await mapper.MapAsync(chat, model, RequestRecord.Of(context), context.RequestAborted);
        }

        var prompt = texts.WritePrompt(model, request, MediaMarker);
        await OpenAIJson.WriteResponseAsync(context, prompt, static (writer, prompt) =>
        {
            writer.WriteStartObject();
            writer.WriteString("prompt"u8, prompt);
            writer.WriteEndObject();
        });
    }
}
