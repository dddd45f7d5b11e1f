using System.Text.Json;
using System.Text.Unicode;

namespace LlavaServer.Endpoints.Reading;

/// <summary>
/// Checks bytes for what <see cref="JsonDocument"/> would only find later or not at all: broken UTF-8, lone surrogates, endless names, too many values.
/// One pass, no recursion, no allocation.
/// </summary>
internal static class JsonText
{
    private const int MaxNameBytes = 1024;

    /// <summary>Returns the length of the first JSON value with everything before it. Throws 400 <c>invalid_json</c>.</summary>
    public static int Check(ReadOnlySpan<byte> json, int maxDepth, int maxTokens, bool ignoresTrailingBytes)
    {
        if (!Utf8.IsValid(json))
        {
            throw RequestException.InvalidJson("The request body is not valid UTF-8.");
        }

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth, AllowMultipleValues = ignoresTrailingBytes });
        try
        {
            var tokens = 0;
            while (reader.Read())
            {
                if (++tokens > maxTokens)
                {
                    throw RequestException.InvalidJson($"The request body has more than {maxTokens} JSON values (Limits:JsonTokens).");
                }

                CheckToken(ref reader);
                if (reader.CurrentDepth == 0 && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray) && ignoresTrailingBytes)
                {
                    break;
                }
            }

            return (int)reader.BytesConsumed;
        }
        catch (JsonException exception)
        {
            throw RequestException.InvalidJson(
                $"The request body is not valid JSON (line {exception.LineNumber + 1}, byte {exception.BytePositionInLine}; nesting of at most {maxDepth}, Limits:JsonDepth).");
        }
    }

    private static void CheckToken(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.String))
        {
            return;
        }

        if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueSpan.Length > MaxNameBytes)
        {
            throw RequestException.InvalidJson($"The request body has a name of more than {MaxNameBytes} bytes.");
        }

        if (reader.ValueIsEscaped && HasLoneSurrogate(reader.ValueSpan))
        {
            throw RequestException.InvalidJson("The request body has an escaped surrogate without its partner.");
        }
    }

    private static bool HasLoneSurrogate(ReadOnlySpan<byte> text)
    {
        var expectsLow = false;
        for (var at = text.IndexOf((byte)'\\'); at >= 0; at = text.IndexOf((byte)'\\'))
        {
            if (expectsLow && at != 0)
            {
                return true;
            }

            if (text[at + 1] != 'u')
            {
                if (expectsLow)
                {
                    return true;
                }

                text = text[(at + 2)..];
                continue;
            }

            var unit = Hex(text.Slice(at + 2, 4));
            if (expectsLow != char.IsLowSurrogate(unit))
            {
                return true;
            }

            expectsLow = char.IsHighSurrogate(unit);
            text = text[(at + 6)..];
        }

        return expectsLow;
    }

    private static char Hex(ReadOnlySpan<byte> digits) =>
        (char)((Digit(digits[0]) << 12) | (Digit(digits[1]) << 8) | (Digit(digits[2]) << 4) | Digit(digits[3]));

    private static int Digit(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
