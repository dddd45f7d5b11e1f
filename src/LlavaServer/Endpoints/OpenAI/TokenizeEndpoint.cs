using System.Text.Json;
using System.Text.Unicode;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary><c>POST /tokenize</c> and <c>POST /detokenize</c>, as llama-server has them. Singleton, thread-safe.</summary>
internal sealed class TokenizeEndpoint(JsonBodyReader bodies, ModelSelector models, ModelTexts texts)
{
    private static readonly JsonBodyRules s_rules = new();

    public async Task TokenizeAsync(HttpContext context)
    {
        ModelEntry model;
        string content;
        bool addSpecial, parseSpecial, withPieces;
        using (var body = await bodies.ReadAsync(context, s_rules))
        {
            model = models.Select(body.Root.String("model"));
            content = body.Root.String("content") ?? "";
            addSpecial = body.Root.Boolean("add_special") ?? false;
            parseSpecial = body.Root.Boolean("parse_special") ?? true;
            withPieces = body.Root.Boolean("with_pieces") ?? false;
        }

        var tokens = content.Length == 0 && !addSpecial ? [] : texts.Tokenize(model, content, addSpecial, parseSpecial);
        await OpenAIJson.WriteResponseAsync(context, (Endpoint: this, Model: model, Tokens: tokens, WithPieces: withPieces), static (writer, state) =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("tokens"u8);
            foreach (var token in state.Tokens)
            {
                if (state.WithPieces)
                {
                    state.Endpoint.WritePiece(writer, state.Model, token);
                }
                else
                {
                    writer.WriteNumberValue(token);
                }
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    public async Task DetokenizeAsync(HttpContext context)
    {
        using var text = new MemoryStream();
        using (var body = await bodies.ReadAsync(context, s_rules))
        {
            var model = models.Select(body.Root.String("model"));
            if (body.Root.TryGet("tokens", out var tokens))
            {
                var last = texts.VocabularySize(model) - 1;
                foreach (var token in tokens.AsArray())
                {
                    text.Write(texts.BytesOf(model, (int)token.AsInt64(0, last)));
                }
            }
        }

        await OpenAIJson.WriteResponseAsync(context, System.Text.Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length), static (writer, content) =>
        {
            writer.WriteStartObject();
            writer.WriteString("content"u8, content);
            writer.WriteEndObject();
        });
    }

    // Half a character has no text: then the piece is its bytes.
    private void WritePiece(Utf8JsonWriter writer, ModelEntry model, int token)
    {
        var bytes = texts.BytesOf(model, token);
        writer.WriteStartObject();
        writer.WriteNumber("id"u8, token);
        if (Utf8.IsValid(bytes))
        {
            writer.WriteString("piece"u8, bytes);
        }
        else
        {
            writer.WriteStartArray("piece"u8);
            foreach (var value in bytes)
            {
                writer.WriteNumberValue(value);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
