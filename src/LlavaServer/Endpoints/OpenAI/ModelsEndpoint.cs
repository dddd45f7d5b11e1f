using System.Text.Json;
using LlavaServer.Inference.Embeddings;
using LlavaServer.Inference.Loading;
using LlavaServer.Serving;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary><c>GET /v1/models</c> and <c>GET /v1/models/{id}</c>. Singleton, thread-safe.</summary>
internal sealed class ModelsEndpoint(ModelCatalog catalog, ModelPool pool, ModelSelector selector, VocabularySizes vocabularies, TextEmbedder embedder)
{
    public Task ListAsync(HttpContext context) => OpenAIJson.WriteResponseAsync(context, this, static (writer, endpoint) =>
    {
        writer.WriteStartObject();
        writer.WriteString("object"u8, "list"u8);
        writer.WriteStartArray("data"u8);
        foreach (var entry in endpoint.Sorted())
        {
            endpoint.Write(writer, entry);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    public Task GetAsync(HttpContext context, string id)
    {
        // Routing decodes everything but the slash.
        var name = id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        var entry = catalog.Find(name) ?? throw selector.NotFound(name);
        return OpenAIJson.WriteResponseAsync(context, (Endpoint: this, Entry: entry), static (writer, state) => state.Endpoint.Write(writer, state.Entry));
    }

    private IOrderedEnumerable<ModelEntry> Sorted() => catalog.All().OrderBy(static entry => ModelNames.Display(entry.Name), StringComparer.Ordinal);

    private void Write(Utf8JsonWriter writer, ModelEntry entry)
    {
        var id = ModelNames.Display(entry.Name);
        var loaded = pool.Loaded.FirstOrDefault(model => model.Entry.Name == entry.Name);
        writer.WriteStartObject();
        writer.WriteString("id"u8, id);
        writer.WriteString("object"u8, "model"u8);
        writer.WriteNumber("created"u8, entry.ModifiedAt.ToUnixTimeSeconds());
        writer.WriteString("owned_by"u8, "llavaserver"u8);
        writer.WriteNull("shutdown_date"u8);
        writer.WriteStartObject("meta"u8);
        writer.WriteNumber("n_ctx"u8, loaded?.Info.ContextLength ?? entry.ContextLength);
        writer.WriteNumber("n_ctx_train"u8, entry.ContextLength);
        writer.WriteNumber("n_vocab"u8, vocabularies.Of(entry));
        writer.WriteNumber("n_embd"u8, entry.EmbeddingLength);
        writer.WriteNumber("n_params"u8, entry.ParameterCount);
        writer.WriteNumber("size"u8, entry.SizeBytes);
        writer.WriteString("ftype"u8, entry.QuantizationLevel);
        writer.WriteEndObject();
        writer.WriteStartObject("architecture"u8);
        WriteStrings(writer, "input_modalities", entry.HasVision ? ["text", "image"] : ["text"]);
        WriteStrings(writer, "output_modalities", ["text"]);
        writer.WriteEndObject();
        WriteStrings(writer, "capabilities", [.. entry.Capabilities.Union(embedder.Embeds(entry) ? ["embedding"] : (string[])[])]);
        WriteStrings(writer, "aliases", id == entry.Name ? [] : [entry.Name]);
        writer.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter writer, string name, ReadOnlySpan<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }
}
