using Microsoft.Net.Http.Headers;

namespace LlavaServer.Endpoints.Reading;

/// <summary>Judges content types of requests.</summary>
internal static class JsonContentTypes
{
    public static JsonContentType Of(string? contentType)
    {
        if (string.IsNullOrWhiteSpace(contentType))
        {
            return JsonContentType.Maybe;
        }

        if (!MediaTypeHeaderValue.TryParse(contentType, out var type))
        {
            return JsonContentType.Other;
        }

        if (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))
        {
            return JsonContentType.Json;
        }

        return type.MediaType.Equals("text/plain", StringComparison.OrdinalIgnoreCase)
            || type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
            ? JsonContentType.Maybe
            : JsonContentType.Other;
    }
}
