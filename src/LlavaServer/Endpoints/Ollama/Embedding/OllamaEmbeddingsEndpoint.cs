using LlavaServer.Inference.Embeddings;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.Ollama.Embedding;

/// <summary><c>POST /api/embeddings</c>, the older route: one text, one vector, no counts. Singleton, thread-safe.</summary>
internal sealed class OllamaEmbeddingsEndpoint(OllamaRequestReader bodies, OllamaEmbedding embedding)
{
    public async Task HandleAsync(HttpContext context)
    {
        var record = RequestRecord.Of(context);
        record.Api = "ollama.embeddings";
        EmbeddingResult? result;
        using (var body = await bodies.ReadBodyAsync(context))
        {
            var request = OllamaEmbedReader.ReadOld(body.Root);
            record.Model = request.Model;
            var model = embedding.Find(request.Model.Length > 0 ? request.Model : throw OllamaErrors.ModelRequired());
            var options = OllamaOptionsReader.Read(body.Root.Object("options"), model);
            OllamaHeaders.IgnoredForEmbedding(context, body.Root.Object("options"));
            result = await embedding.EmbedAsync(context, request, options, model);
        }

        await OllamaJson.WriteAsync(context, new OllamaEmbeddingAnswer(result?.Embeddings[0] ?? []), OllamaJson.Context.OllamaEmbeddingAnswer);
    }
}
