using System.Text.Json;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Writes log probabilities of tokens: the object of chat completions, the array of responses.</summary>
internal static class LogProbabilityWriter
{
    /// <summary>The object, or null for no tokens.</summary>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<TokenLogProbability>? tokens)
    {
        if (tokens is null)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartObject();
        WriteTokens(writer, "content", tokens);
        writer.WriteNull("refusal"u8);
        writer.WriteEndObject();
    }

    /// <summary>A logarithm as a finite number.</summary>
    public static void WriteNumber(Utf8JsonWriter writer, float logProbability)
    {
        if (float.IsFinite(logProbability))
        {
            writer.WriteNumberValue(logProbability);
        }
        else
        {
            writer.WriteRawValue("-9999.0"u8);
        }
    }

    /// <summary>A member that is an array of tokens, each with the most likely ones in its place.</summary>
    public static void WriteTokens(Utf8JsonWriter writer, string name, IReadOnlyList<TokenLogProbability> tokens) => WriteTokens(writer, name, tokens, withTop: true);

    private static void WriteTokens(Utf8JsonWriter writer, string name, IReadOnlyList<TokenLogProbability> tokens, bool withTop)
    {
        writer.WriteStartArray(name);
        foreach (var token in tokens)
        {
            writer.WriteStartObject();
            writer.WriteString("token"u8, token.Text);
            writer.WriteStartArray("bytes"u8);
            foreach (var value in token.Bytes.Span)
            {
                writer.WriteNumberValue(value);
            }

            writer.WriteEndArray();
            writer.WritePropertyName("logprob"u8);
            WriteNumber(writer, token.LogProbability);
            if (withTop)
            {
                WriteTokens(writer, "top_logprobs", token.Top, withTop: false);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
