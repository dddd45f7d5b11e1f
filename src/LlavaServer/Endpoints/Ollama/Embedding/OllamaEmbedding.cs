using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using LlavaServer.Inference.Embeddings;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.Ollama.Embedding;

/// <summary>What both routes of embeddings do with a request that is read: find the model, load it, make the vectors. Singleton, thread-safe.</summary>
internal sealed class OllamaEmbedding(OllamaModels models, OllamaLoading loading, TextEmbedder embedder)
{
    private const string TooLong = "the input length exceeds the context length";

    /// <summary>The model, by the words that these routes have for one that is not there.</summary>
    public ModelEntry Find(string text) => models.Find(OllamaModels.NameOf(text))
        ?? throw new RequestException(
            StatusCodes.Status404NotFound, "model_not_found", $"model {OllamaText.Quote(text)} not found, try pulling it first", "model");

    /// <summary>The vectors, or null when there was nothing to embed and the model was only loaded.</summary>
    public async Task<EmbeddingResult?> EmbedAsync(HttpContext context, OllamaEmbedRequest request, OllamaOptions options, ModelEntry model)
    {
        if (request.Inputs.Count == 0)
        {
            await loading.LoadAsync(request.KeepAlive, options, model, context.RequestAborted);
            return null;
        }

        var result = await EmbedAsync(ToNeutral(context, request, options, model), context.RequestAborted);
        var record = RequestRecord.Of(context);
        record.Usage = result.Usage;
        record.Timings = result.Timings;
        return result;
    }

    /// <summary>A model that was loaded with less context than the settings say tells so by its refusal: then inputs are cut there.</summary>
    private async Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await embedder.EmbedAsync(request, cancellationToken);
        }
        catch (InferenceException failure) when (failure.Error == InferenceError.PromptTooLong)
        {
            return request.Truncates && failure.ContextLength is { } context && (request.ContextLength is not { } before || context < before)
                ? await EmbedAsync(request with { ContextLength = context }, cancellationToken)
                : throw RequestException.InvalidValue("input", TooLong);
        }
    }

    private static EmbeddingRequest ToNeutral(HttpContext context, OllamaEmbedRequest request, OllamaOptions options, ModelEntry model) => new()
    {
        Model = model.Name,
        Inputs = [.. request.Inputs.Select(static (text, index) => new EmbeddingInput([MessagePart.FromText(text)], $"input[{index}]"))],
        Truncates = request.Truncate,
        ContextLength = OllamaMapper.ContextLength(options, model),
        KeepAlive = request.KeepAlive.ForPool,
        Client = ClientNames.Of(context),
    };
}
