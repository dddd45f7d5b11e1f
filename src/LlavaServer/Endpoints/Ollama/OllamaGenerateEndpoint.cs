using LlavaServer.Logging;

namespace LlavaServer.Endpoints.Ollama;

/// <summary><c>POST /api/generate</c>. Singleton, thread-safe.</summary>
internal sealed class OllamaGenerateEndpoint(OllamaRequestReader reader, OllamaModels models, OllamaLoading loading, OllamaAnswering answering, OllamaFormat format)
{
    /// <summary>The order of the checks is the dialect's: body, name, model, unload, abilities, options; then load or answer.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        var record = RequestRecord.Of(context);
        record.Api = "ollama.generate";
        OllamaGenerateRequest request;
        OllamaTarget target;
        using (var body = await reader.ReadBodyAsync(context))
        {
            request = reader.ReadGenerate(body.Root);
            record.Model = request.Model;
            record.Stream = request.Stream;
            target = models.Resolve(request.Model.Length > 0 ? request.Model : throw OllamaErrors.ModelNotFound(""));
            if (request.Prompt.Length > 0 || !request.KeepAlive.IsUnload)
            {
                OllamaRefusals.CheckGenerate(body.Root, request, target.Name);
                request = request with { Format = format.Read(body.Root), Options = OllamaOptionsReader.Read(body.Root.Object("options"), target.Model) };
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
        var generation = OllamaMapper.ToGeneration(request, target.Model) with { Client = ClientNames.Of(context), Api = record.Api };
        await answering.WriteAsync(context, request, generation, static piece => piece.ToGenerate(), OllamaJson.Context.OllamaGenerateAnswer);
    }
}
