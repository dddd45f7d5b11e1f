using LlavaServer.Inference.Loading;

namespace LlavaServer.Endpoints.Ollama.Store;

/// <summary>
/// <c>POST /api/stop</c>, which Ollama does not have: takes a model out of memory at once; running answers end as failed. Singleton, thread-safe.
/// </summary>
internal sealed class OllamaStopEndpoint(OllamaRequestReader reader, OllamaModels models, ModelPool pool)
{
    public async Task HandleAsync(HttpContext context)
    {
        string text;
        using (var body = await reader.ReadBodyAsync(context))
        {
            text = OllamaShowEndpoint.NameIn(body.Root);
        }

        pool.Stop(models.Resolve(text).Model);
        context.Response.ContentLength = 0;
    }
}
