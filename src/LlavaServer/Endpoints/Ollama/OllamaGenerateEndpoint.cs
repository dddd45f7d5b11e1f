using LlavaServer.Logging;

namespace LlavaServer.Endpoints.Ollama;

/// <summary><c>POST /api/generate</c>. Singleton, thread-safe.</summary>
internal sealed class OllamaGenerateEndpoint(
    OllamaRequestReader reader, OllamaModels models, OllamaLoading loading, OllamaPrompts prompts, OllamaAnswering answering, OllamaFormat format)
{
    /// <summary>The order of the checks is the dialect's: body, name, model, unload, abilities, options; then load or answer.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        var record = RequestRecord.Of(context);
        record.Api = "ollama.generate";
        OllamaGenerateRequest request;
        OllamaTarget target;
        (int Prefix, int Suffix, int Middle)? fill = null;
        using (var body = await reader.ReadBodyAsync(context))
        {
            request = reader.ReadGenerate(body.Root);
            record.Model = request.Model;
            record.Stream = request.Stream;
            target = models.Resolve(request.Model.Length > 0 ? request.Model : throw OllamaErrors.ModelNotFound(""));
            if (request.Prompt.Length > 0 || !request.KeepAlive.IsUnload)
            {
                var fillsByTemplate = request.Suffix.Length > 0 && !request.Raw && prompts.FillsByTemplate(request.Template, target.Model);
                fill = request.Suffix.Length > 0 && !fillsByTemplate ? prompts.FillOf(target.Model) : null;
                OllamaRefusals.CheckGenerate(body.Root, request, target, fillsByTemplate || fill is not null);
                request = request with
                {
                    Format = request.Prompt.Length > 0 ? format.Read(body.Root) : null,
                    Context = prompts.ReadContext(body.Root, target.Model),
                    Options = OllamaOptionsReader.Read(body.Root.Object("options"), target.Model),
                };
                request = OllamaThinking.In(request, target.Model, isConversation: !request.Raw && request.Suffix.Length == 0);
            }
        }

        if (request.Prompt.Length == 0)
        {
            var loaded = await loading.LoadAsync(request, target.Model, context.RequestAborted);
            await OllamaJson.WriteAsync(context, loaded.ToGenerate(), OllamaJson.Context.OllamaGenerateAnswer);
            return;
        }

        record.Images = request.Images.Count;
        record.ImageBytes = request.Images.Sum(static image => (long)image.Length);
        OllamaHeaders.Ignored(context, request);
        var generation = OllamaMapper.ToGeneration(request, target.Model, fill) with { Client = ClientNames.Of(context), Api = record.Api };
        generation = prompts.WithTemplate(generation, request.Template, target.Model);
        if (request.RendersOnly)
        {
            await OllamaJson.WriteAsync(context, prompts.Render(request, generation, target.Model).ToGenerate(), OllamaJson.Context.OllamaGenerateAnswer);
            return;
        }

        await answering.WriteAsync(context, request, generation, target.Model, !request.Raw, static piece => piece.ToGenerate(), OllamaJson.Context.OllamaGenerateAnswer);
    }
}
