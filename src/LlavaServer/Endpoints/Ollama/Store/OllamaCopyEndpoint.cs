using LlavaServer.Inference.Loading;
using LlavaServer.Models.Store;
using LlavaServer.Serving;

namespace LlavaServer.Endpoints.Ollama.Store;

/// <summary><c>POST /api/copy</c>: a second name for a model. Singleton, thread-safe.</summary>
internal sealed class OllamaCopyEndpoint(OllamaRequestReader reader, ModelCatalog catalog, StoredModels stored, StoreImport import)
{
    public async Task HandleAsync(HttpContext context)
    {
        string sourceText;
        string destinationText;
        using (var body = await reader.ReadBodyAsync(context))
        {
            sourceText = body.Root.String("source") ?? "";
            destinationText = body.Root.String("destination") ?? "";
        }

        var source = NameOf(sourceText, "source");
        var destination = NameOf(destinationText, "destination");
        var fixedSource = catalog.FindFixed(source);
        if (catalog.FindFixed(destination) is { } fixedDestination)
        {
            if (fixedDestination != fixedSource)
            {
                throw OllamaErrors.FixedModel(destinationText, "destination");
            }

            context.Response.ContentLength = 0;
            return;
        }

        var isFound = fixedSource is null
            ? await StoreFailures.RunAsync(() => stored.Store.Copy(source, destination))
            : await ImportAsync(fixedSource, destination, context.RequestAborted);
        if (!isFound)
        {
            throw new RequestException(StatusCodes.Status404NotFound, "model_not_found", $"model {OllamaText.Quote(sourceText)} not found", "source");
        }

        context.Response.ContentLength = 0;
    }

    // A model outside the store has its files taken in first.
    private async Task<bool> ImportAsync(ModelEntry source, ModelName destination, CancellationToken cancellationToken)
    {
        try
        {
            await import.RunAsync(source, destination, cancellationToken);
            return true;
        }
        catch (StoreException failure)
        {
            throw StoreFailures.ToAnswer(failure);
        }
    }

    private static ModelName NameOf(string text, string field) =>
        ModelName.TryParse(text, out var name) ? name : throw RequestException.InvalidValue(field, $"{field} {OllamaText.Quote(text)} is invalid");
}
