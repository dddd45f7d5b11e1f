using LlavaServer.Inference.Embeddings;
using LlavaServer.Logging;

namespace LlavaServer.Endpoints.Ollama.Embedding;

/// <summary><c>POST /api/embed</c>: one vector of length 1 for each text. Singleton, thread-safe.</summary>
internal sealed class OllamaEmbedEndpoint(OllamaRequestReader bodies, OllamaEmbedReader reader, OllamaEmbedding embedding)
{
    public async Task HandleAsync(HttpContext context)
    {
        var record = RequestRecord.Of(context);
        record.Api = "ollama.embed";
        EmbeddingResult? result;
        OllamaEmbedRequest request;
        using (var body = await bodies.ReadBodyAsync(context))
        {
            request = reader.Read(body.Root);
            record.Model = request.Model;
            var model = embedding.Find(request.Model.Length > 0 ? request.Model : throw OllamaErrors.ModelNotFound(""));
            var options = OllamaOptionsReader.Read(body.Root.Object("options"), model);
            OllamaHeaders.IgnoredForEmbedding(context, body.Root.Object("options"));
            result = await embedding.EmbedAsync(context, request, options, model);
        }

        var answer = new OllamaEmbedAnswer { Model = request.Model, Embeddings = [] };
        if (result is not null)
        {
            answer = answer with
            {
                Embeddings = [.. result.Embeddings.Select(vector => VectorCut.To(vector, request.Dimensions))],
                TotalDuration = OllamaMetrics.Nanoseconds(record.Elapsed),
                LoadDuration = OllamaMetrics.Nanoseconds(result.Timings.Queued + result.Timings.Load),
                PromptEvalCount = result.Usage.PromptTokens,
            };
        }

        await OllamaJson.WriteAsync(context, answer, OllamaJson.Context.OllamaEmbedAnswer);
    }
}
