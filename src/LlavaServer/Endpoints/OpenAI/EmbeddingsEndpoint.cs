using System.Buffers.Binary;
using System.Text.Json;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.Answers;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Embeddings;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Logging;
using LlavaServer.Serving;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary><c>POST /v1/embeddings</c>: one vector of length 1 for each input, as numbers or base64. Singleton, thread-safe.</summary>
internal sealed class EmbeddingsEndpoint(
    JsonBodyReader bodies,
    EmbeddingInputReader inputs,
    RequestImages images,
    ModelSelector models,
    VocabularySizes vocabularies,
    TextEmbedder embedder,
    IOptions<OpenAIOptions> options,
    IOptions<ServerOptions> server,
    TimeProvider time)
{
    private static readonly JsonBodyRules s_rules = new();

    public async Task HandleAsync(HttpContext context)
    {
        var record = RequestRecord.Of(context);
        record.Api = "openai.embeddings";
        EmbeddingRequest request;
        ModelEntry model;
        bool isBase64;
        using (var body = await bodies.ReadAsync(context, s_rules))
        {
            var ignored = IgnoredFields.Of(body.Root, EmbeddingFields.ByName, options.Value.StrictParameters);
            var input = body.Root.Required("input");
            isBase64 = IsBase64(body.Root);
            model = models.Select(body.Root.String("model"));
            record.Model = model.Name;
            CheckDimensions(body.Root, model);
            var fields = inputs.Read(input, vocabularies.Of(model));
            var parts = await images.ReadAsync([.. fields.Select(static field => field.Parts)], model, record, context.RequestAborted);
            request = new EmbeddingRequest
            {
                Model = model.Name,
                Inputs = [.. fields.Zip(parts, static (field, read) => new EmbeddingInput(
                    field.TokenIds is { } tokens ? [MessagePart.FromTokens(tokens)] : read, field.Path))],
                Client = ClientNames.Of(context),
                BoundsLoad = true,
            };
            IgnoredFields.Tell(context, ignored);
        }

        var result = await PatientAnswer.WaitAsync(context, server.Value.Streaming, time, embedder.EmbedAsync(request, context.RequestAborted));
        record.Usage = result.Usage;
        record.Timings = result.Timings;
        await OpenAIJson.WriteResponseAsync(
            context,
            (Result: result, Model: ModelNames.Display(model.Name), IsBase64: isBase64),
            static (writer, state) => Write(writer, state.Result, state.Model, state.IsBase64));
    }

    private static bool IsBase64(JsonFields body) => body.String("encoding_format") switch
    {
        null or "float" => false,
        "base64" => true,
        _ => throw RequestException.InvalidValue("encoding_format", "Invalid value for 'encoding_format': it must be float or base64."),
    };

    private static void CheckDimensions(JsonFields body, ModelEntry model)
    {
        if (body.Int64("dimensions") is { } dimensions && dimensions != model.EmbeddingLength)
        {
            throw RequestException.InvalidValue(
                "dimensions", $"Invalid value for 'dimensions': vectors of the model '{ModelNames.Display(model.Name)}' have {model.EmbeddingLength}.");
        }
    }

    private static void Write(Utf8JsonWriter writer, EmbeddingResult result, string model, bool isBase64)
    {
        writer.WriteStartObject();
        writer.WriteString("object"u8, "list"u8);
        writer.WriteStartArray("data"u8);
        for (var i = 0; i < result.Embeddings.Count; i++)
        {
            writer.WriteStartObject();
            writer.WriteString("object"u8, "embedding"u8);
            writer.WriteNumber("index"u8, i);
            WriteVector(writer, result.Embeddings[i], isBase64);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("model"u8, model);
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("prompt_tokens"u8, result.Usage.PromptTokens);
        writer.WriteNumber("total_tokens"u8, result.Usage.PromptTokens);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteVector(Utf8JsonWriter writer, float[] vector, bool isBase64)
    {
        if (isBase64)
        {
            var bytes = new byte[vector.Length * sizeof(float)];
            for (var i = 0; i < vector.Length; i++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
            }

            writer.WriteBase64String("embedding"u8, bytes);
            return;
        }

        writer.WriteStartArray("embedding"u8);
        foreach (var value in vector)
        {
            writer.WriteNumberValue(value);
        }

        writer.WriteEndArray();
    }
}
