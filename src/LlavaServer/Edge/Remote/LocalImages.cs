using LlavaServer.Configuration;
using LlavaServer.Endpoints;
using Microsoft.Extensions.Options;

namespace LlavaServer.Edge.Remote;

/// <summary>
/// Reads pictures that a request names by <c>file://</c> address, from one configured folder: regular files whose real place, all links followed, is
/// below it. What is wrong with a path is not told. Singleton, thread-safe.
/// </summary>
internal sealed class LocalImages(IOptions<RemoteImageOptions> options, IOptions<LimitsOptions> limits)
{
    private const int MostLinks = 16;
    private readonly string? _root = options.Value.MediaPath is { } path ? RealPath(Path.GetFullPath(path)) : null;
    private readonly long _maxBytes = limits.Value.ImageBytes;

    public bool IsOn => _root is not null;

    /// <summary>Throws <see cref="RequestException"/> with the path of the field.</summary>
    /// <param name="address">As the caller wrote it, beginning with <c>file:</c>; a relative path is below the folder.</param>
    /// <param name="field">Where it stands in the request.</param>
    /// <param name="cancellationToken">Cancelled when the client leaves.</param>
    public async Task<byte[]> ReadAsync(string address, string field, CancellationToken cancellationToken)
    {
        try
        {
            if (PathOf(address) is not { } name || RealPath(Path.Combine(_root!, name)) is not { } path || !IsBelow(path))
            {
                throw Refused(field);
            }

            // A pipe, a socket and a device have no length; opening one could wait for ever.
            var file = new FileInfo(path);
            if (!file.Exists || file.Length == 0)
            {
                throw Refused(field);
            }

            using var handle = File.OpenHandle(path);
            if (OperatingSystem.IsLinux() && File.ResolveLinkTarget($"/proc/self/fd/{handle.DangerousGetHandle()}", false)?.FullName != path)
            {
                throw Refused(field);
            }

            var length = RandomAccess.GetLength(handle);
            if (length > _maxBytes)
            {
                throw new RequestException(
                    StatusCodes.Status400BadRequest, "image_file_too_large", $"The image in '{field}' has more than {_maxBytes} bytes (Limits:ImageBytes).", field);
            }

            var bytes = new byte[length];
            var read = 0;
            int count;
            while (read < bytes.Length && (count = await RandomAccess.ReadAsync(handle, bytes.AsMemory(read), read, cancellationToken)) > 0)
            {
                read += count;
            }

            return read == bytes.Length ? bytes : bytes[..read];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw Refused(field);
        }
    }

    // file:///absolute, file://localhost/absolute, file://relative, file:relative.
    private static string? PathOf(string address)
    {
        var path = address["file:".Length..];
        if (path.StartsWith("//", StringComparison.Ordinal))
        {
            path = path[2..];
            path = path.StartsWith("localhost/", StringComparison.OrdinalIgnoreCase) ? path["localhost".Length..] : path;
        }

        path = Uri.UnescapeDataString(path);
        var isPlain = path.Length > 0 && path.AsSpan().IndexOfAny("\0\\?#") < 0 && !path.StartsWith("//", StringComparison.Ordinal)
            && !path.Split('/').Any(static part => part is ".." or ".");
        return isPlain ? path : null;
    }

    private bool IsBelow(string path) => path.StartsWith(Path.TrimEndingDirectorySeparator(_root!) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    // The path without links, or null when something of it is not there or the links lead in a circle.
    private static string? RealPath(string path)
    {
        for (var links = 0; links <= MostLinks; links++)
        {
            var root = Path.GetPathRoot(path)!;
            var parts = path[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
            var current = root;
            string? target = null;
            for (var i = 0; i < parts.Length && target is null; i++)
            {
                current = Path.Combine(current, parts[i]);
                var attributes = File.GetAttributes(current);
                if (attributes.HasFlag(FileAttributes.ReparsePoint) && File.ResolveLinkTarget(current, returnFinalTarget: false) is { } link)
                {
                    target = Path.GetFullPath(Path.Combine([link.FullName, .. parts[(i + 1)..]]));
                }
            }

            if (target is null)
            {
                return current;
            }

            path = target;
        }

        return null;
    }

    private static RequestException Refused(string field) => new(
        StatusCodes.Status400BadRequest, "invalid_image_url", $"Invalid image URL in '{field}'. There is no such picture below the folder of pictures (Images:MediaPath).", field);
}
