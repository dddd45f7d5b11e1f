using LlavaServer.Logging;

namespace LlavaServer.Endpoints.Ollama;

/// <summary><c>POST /api/chat</c>. Singleton, thread-safe.</summary>
internal sealed class OllamaChatEndpoint(
    OllamaRequestReader reader, OllamaModels models, OllamaLoading loading, OllamaPrompts prompts, OllamaAnswering answering, OllamaFormat format)
{
    /// <summary>The order of the checks is the dialect's: body, name, model, unload, abilities, options; then load or answer.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        var record = RequestRecord.Of(context);
        record.Api = "ollama.chat";
        OllamaChatRequest request;
        OllamaTarget target;
        using (var body = await reader.ReadBodyAsync(context))
        {
            request = reader.ReadChat(body.Root);
            record.Model = request.Model;
            record.Stream = request.Stream;
            target = models.Resolve(request.Model.Length > 0 ? request.Model : throw OllamaErrors.ModelRequired());
            if (request.Messages.Count > 0 || !request.KeepAlive.IsUnload)
            {
                OllamaRefusals.CheckChat(body.Root, request, target);
                request = request with { Format = request.Messages.Count > 0 ? format.Read(body.Root) : null, Options = OllamaOptionsReader.Read(body.Root.Object("options"), target.Model) };
                request = OllamaThinking.In(request, target.Model, isConversation: true);
            }
        }

        if (request.Messages.Count == 0)
        {
            var loaded = await loading.LoadAsync(request, target.Model, context.RequestAborted);
            await OllamaJson.WriteAsync(context, loaded.ToChat(), OllamaJson.Context.OllamaChatAnswer);
            return;
        }

        record.Images = request.Messages.Sum(static message => message.Images?.Count ?? 0);
        record.ImageBytes = request.Messages.Sum(static message => message.Images?.Sum(static image => (long)image.Length) ?? 0);
        OllamaHeaders.Ignored(context, request);
        var generation = OllamaMapper.ToGeneration(request, target.Model) with { Client = ClientNames.Of(context), Api = record.Api };
        if (request.RendersOnly)
        {
            await OllamaJson.WriteAsync(context, prompts.Render(request, generation, target.Model).ToChat(), OllamaJson.Context.OllamaChatAnswer);
            return;
        }

        await answering.WriteAsync(context, request, generation, target.Model, false, static piece => piece.ToChat(), OllamaJson.Context.OllamaChatAnswer);
    }
}
