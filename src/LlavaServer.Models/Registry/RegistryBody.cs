using System.Text.Json;

namespace LlavaServer.Models.Registry;

/// <summary>Reads answers that are small by their nature.</summary>
internal static class RegistryBody
{
    private const int MaxReason = 500;

    /// <summary>The whole body. Throws <see cref="RegistryException"/> when it has more bytes, or breaks off.</summary>
    public static async Task<byte[]> ReadAsync(HttpResponseMessage response, int maxBytes, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            var buffer = new byte[Math.Min(maxBytes, 16 << 10) + 1];
            var length = 0;
            int count;
            while ((count = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false)) > 0)
            {
                length += count;
                if (length > maxBytes)
                {
                    throw new RegistryException($"the registry's answer has more than {maxBytes} bytes");
                }

                if (length == buffer.Length)
                {
                    Array.Resize(ref buffer, Math.Min(buffer.Length * 2, maxBytes + 1));
                }
            }

            return buffer[..length];
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            throw new RegistryException("the registry's answer broke off", mayPass: true, failure);
        }
    }

    /// <summary>
    /// The sentence in a refusal: <c>{"error":"..."}</c> as the Hugging Face hub has it, or <c>{"errors":[{"message":"..."}]}</c> as the distribution
    /// specification does. Null when there is none.
    /// </summary>
    public static string? ReasonIn(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            var text = root.ValueKind != JsonValueKind.Object ? null
                : root.TryGetProperty("error", out var error) ? TextOf(error)
                : root.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Array && errors.GetArrayLength() > 0
                    && errors[0].ValueKind == JsonValueKind.Object && errors[0].TryGetProperty("message", out var message) ? TextOf(message)
                : null;
            var clean = text is null ? "" : string.Concat(text.Select(static c => char.IsControl(c) ? ' ' : c)).Trim();
            return clean.Length == 0 ? null : clean.Length > MaxReason ? clean[..MaxReason] : clean;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? TextOf(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
