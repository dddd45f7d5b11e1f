using System.Text.Json;
using LlavaServer.Configuration;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.Reading;

/// <summary>
/// Reads a request body into a <see cref="JsonBody"/> under all limits of the network edge: size on the wire and after decompression, pace, content
/// type and coding, UTF-8, nesting. Singleton, thread-safe. Every refusal is a <see cref="RequestException"/>.
/// </summary>
internal sealed class JsonBodyReader(IOptions<LimitsOptions> options, TimeProvider time)
{
    private readonly LimitsOptions _limits = options.Value;

    /// <summary>Reads the whole body. The caller disposes the result when it has copied what it needs.</summary>
    public async Task<JsonBody> ReadAsync(HttpContext context, JsonBodyRules rules)
    {
        var request = context.Request;
        var coding = BodyCoding.Of(request);
        var kind = rules.AnyContentType ? JsonContentType.Json : JsonContentTypes.Of(request.ContentType);
        if (kind == JsonContentType.Other)
        {
            throw UnsupportedMediaType();
        }

        if (request.ContentLength > _limits.MaxRequestBodyBytes)
        {
            throw TooLarge();
        }

        var buffer = await ReadWireAsync(context);
        try
        {
            if (coding is not null)
            {
                var inflated = BodyCoding.Inflate(coding, buffer.Written, _limits.MaxRequestBodyBytes, TooLarge);
                buffer.Dispose();
                buffer = inflated;
            }

            return Parse(buffer, rules, kind);
        }
        finally
        {
            buffer.Dispose();
        }
    }

    private async Task<PooledBuffer> ReadWireAsync(HttpContext context)
    {
        var announced = context.Request.ContentLength ?? 0;
        using var body = new PacedBody(context, _limits, time);
        var buffer = new PooledBuffer();
        try
        {
            int count;
            while ((count = await body.ReadAsync(buffer.Free(announced))) > 0)
            {
                buffer.Advance(count);
                if (body.Total > _limits.MaxRequestBodyBytes)
                {
                    throw TooLarge();
                }
            }

            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    private JsonBody Parse(PooledBuffer buffer, JsonBodyRules rules, JsonContentType kind)
    {
        var json = buffer.Written;
        if (json.Span.StartsWith("\uFEFF"u8))
        {
            json = json[3..];
        }

        var first = json.Span.TrimStart(" \t\r\n"u8);
        if (first.IsEmpty)
        {
            throw RequestException.InvalidJson(rules.EmptyBodyMessage);
        }

        // `curl -d` without a header calls JSON a form; real forms and texts do not begin with a brace.
        if (kind == JsonContentType.Maybe && first[0] != '{')
        {
            throw UnsupportedMediaType();
        }

        var length = JsonText.Check(json.Span, _limits.JsonDepth, _limits.JsonTokens, rules.IgnoresTrailingBytes);
        if (first[0] != '{')
        {
            throw RequestException.InvalidJson("The request body must be a JSON object.");
        }

        var document = JsonDocument.Parse(json[..length], new JsonDocumentOptions { MaxDepth = _limits.JsonDepth });
        return new JsonBody(document, buffer.Detach(), rules.IgnoresCase);
    }

    private RequestException TooLarge() => new(
        StatusCodes.Status413PayloadTooLarge,
        "request_too_large",
        $"The request body is larger than {_limits.MaxRequestBodyBytes} bytes (Limits:MaxRequestBodyBytes).");

    private static RequestException UnsupportedMediaType() =>
        new(StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", "The request body must be JSON: Content-Type: application/json.");
}
