using System.Globalization;
using LlavaServer.Inference.Loading;
using LlavaServer.Models.Store;

namespace LlavaServer.Endpoints.Ollama.Store;

/// <summary><c>DELETE /api/delete</c>. Running answers of the model finish; then it leaves memory. Singleton, thread-safe.</summary>
internal sealed class OllamaDeleteEndpoint(OllamaRequestReader reader, ModelCatalog catalog, StoredModels stored, ModelPool pool)
{
    /// <summary>Bytes of the files that no other model uses and that are gone from the disk.</summary>
    public const string FreedHeader = "x-llava-freed-bytes";

    public async Task HandleAsync(HttpContext context)
    {
        string text;
        using (var body = await reader.ReadBodyAsync(context))
        {
            text = OllamaShowEndpoint.NameIn(body.Root);
        }

        if (!ModelName.TryParse(text, out var name))
        {
            throw RequestException.InvalidValue("model", $"name {OllamaText.Quote(text)} is invalid");
        }

        if (catalog.FindFixed(name) is not null)
        {
            throw OllamaErrors.FixedModel(text, "model");
        }

        var entry = stored.Find(name);
        var removed = await StoreFailures.RunAsync(() => stored.Store.Delete(name)) ?? throw OllamaErrors.ModelNotFound(text);
        if (entry is not null)
        {
            pool.Forget(entry);
        }

        context.Response.Headers[FreedHeader] = removed.Bytes.ToString(CultureInfo.InvariantCulture);
        context.Response.ContentLength = 0;
    }
}
