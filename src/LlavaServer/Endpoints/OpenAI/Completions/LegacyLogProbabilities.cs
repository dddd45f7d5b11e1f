using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.OpenAI.Completions;

/// <summary>
/// Log probabilities in the form of text completions: four arrays, one entry a token. The offsets count characters (Unicode code points) of the choice's
/// text over all its chunks. One choice.
/// </summary>
internal sealed class LegacyLogProbabilities
{
    private int _offset;

    public void Write(Utf8JsonWriter writer, IReadOnlyList<TokenLogProbability> tokens)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("tokens"u8);
        foreach (var token in tokens)
        {
            writer.WriteStringValue(token.Text);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("token_logprobs"u8);
        foreach (var token in tokens)
        {
            LogProbabilityWriter.WriteNumber(writer, token.LogProbability);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("top_logprobs"u8);
        foreach (var token in tokens)
        {
            WriteTop(writer, token);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("text_offset"u8);
        foreach (var token in tokens)
        {
            writer.WriteNumberValue(_offset);
            _offset += token.Text.EnumerateRunes().Count();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    // The picked token is always among them, as OpenAI has it.
    private static void WriteTop(Utf8JsonWriter writer, TokenLogProbability token)
    {
        var names = new HashSet<string>();
        writer.WriteStartObject();
        foreach (var other in token.Top.Any(other => other.TokenId == token.TokenId) ? token.Top : token.Top.Append(token))
        {
            var name = NameOf(other.Bytes.Span);
            if (names.Add(name))
            {
                writer.WritePropertyName(name);
                LogProbabilityWriter.WriteNumber(writer, other.LogProbability);
            }
        }

        writer.WriteEndObject();
    }

    /// <summary>Text, or OpenAI's spelling of bytes that are no text.</summary>
    private static string NameOf(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var name = new StringBuilder("bytes:");
        foreach (var value in bytes)
        {
            name.Append($"\\x{value:x2}");
        }

        return name.ToString();
    }
}
