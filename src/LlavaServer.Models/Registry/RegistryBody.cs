namespace LlavaServer.Models.Registry;

/// <summary>Reads answers that are small by their nature.</summary>
internal static class RegistryBody
{
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
}
