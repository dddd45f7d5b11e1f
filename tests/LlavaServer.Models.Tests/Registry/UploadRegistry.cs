using System.Collections.Concurrent;
using System.Security.Cryptography;
using LlavaServer.Models.Store;
using LlavaServer.TestRegistry;
using Microsoft.AspNetCore.Http;

namespace LlavaServer.Models.Tests.Registry;

/// <summary>
/// The uploading half of a registry, put in front of a <see cref="LocalRegistry"/>: begins, parts, ends and manifests, checked as they come; parts go to
/// another host when it is told one. Owned by one test.
/// </summary>
internal sealed class UploadRegistry(LocalRegistry registry)
{
    private readonly ConcurrentDictionary<string, MemoryStream> _uploads = new();
    private readonly ConcurrentDictionary<string, List<byte[]>> _sums = new();
    private int _begun;

    /// <summary>Where the parts are to be put directly; null takes them here.</summary>
    public string? Direct { get; init; }

    /// <summary>Whether the caller needs a token for <c>pull,push</c>.</summary>
    public bool AsksForTokens { get; init; }

    /// <summary>Repository whose files may be taken over.</summary>
    public string? Mounts { get; init; }

    /// <summary>What was asked of the beginnings of uploads.</summary>
    public ConcurrentQueue<string> Beginnings { get; } = new();

    public ConcurrentQueue<long> Parts { get; } = new();

    /// <summary>Answers to parts that fail before they succeed.</summary>
    public int Failures { get; set; }

    public async Task<bool> AnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var path = request.Path.Value!;
        if (AsksForTokens && path == "/token")
        {
            Assert.Equal("repository:some/eye:pull,push", request.Query["scope"]);
            await response.WriteAsync("{\"access_token\":\"secret\"}", context.RequestAborted);
            return true;
        }

        if (AsksForTokens && request.Headers.Authorization != "Bearer secret")
        {
            response.StatusCode = 401;
            response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{registry.Authority}/token\",service=\"s\",scope=\"repository:some/eye:pull,push\"";
            return true;
        }

        switch (request.Method)
        {
            case "POST":
                Begin(context);
                return true;
            case "PATCH":
                await PatchAsync(context);
                return true;
            case "PUT" when path.StartsWith("/uploads/", StringComparison.Ordinal):
                Commit(context);
                return true;
            case "PUT":
                registry.Manifests[path.Split('/')[^1]] = await ReadAsync(context);
                response.StatusCode = StatusCodes.Status201Created;
                return true;
            default:
                return false;
        }
    }

    /// <summary>The other host: takes parts at signed addresses, and no token.</summary>
    public async Task<bool> AnswerDirectAsync(HttpContext context)
    {
        Assert.Equal("PUT", context.Request.Method);
        Assert.Equal("", context.Request.Headers.Authorization.ToString());
        Assert.Equal("1", context.Request.Query["signed"]);
        if (Failures-- > 0)
        {
            context.Response.StatusCode = 503;
            return true;
        }

        Take(context.Request.Path.Value!.Split('/')[^1], await ReadAsync(context));
        return true;
    }

    private void Begin(HttpContext context)
    {
        Beginnings.Enqueue(context.Request.QueryString.Value!);
        if (Mounts is not null && context.Request.Query["from"] == Mounts)
        {
            context.Response.StatusCode = StatusCodes.Status201Created;
            return;
        }

        var id = Interlocked.Increment(ref _begun).ToString(System.Globalization.CultureInfo.InvariantCulture);
        _uploads[id] = new MemoryStream();
        _sums[id] = [];
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.Headers.Location = $"/uploads/{id}?state=a";
    }

    private async Task PatchAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var id = request.Path.Value!.Split('/')[^1];
        Assert.Equal("1", request.Headers["X-Redirect-Uploads"]);
        Assert.Equal("a", request.Query["state"]);
        Assert.Equal($"{_uploads[id].Length}-{_uploads[id].Length + request.ContentLength - 1}", request.Headers.ContentRange);
        if (Direct is not null)
        {
            response.StatusCode = StatusCodes.Status307TemporaryRedirect;
            response.Headers.Location = $"http://{Direct}/direct/{id}?signed=1";
            response.Headers["Docker-Upload-Location"] = $"/uploads/{id}?state=a";
            return;
        }

        Take(id, await ReadAsync(context));
        response.StatusCode = StatusCodes.Status202Accepted;
        response.Headers.Location = $"/uploads/{id}?state=a";
    }

    private void Take(string id, byte[] part)
    {
        Parts.Enqueue(part.Length);
        _uploads[id].Write(part);
        _sums[id].Add(CryptographicOperations.HashData(HashAlgorithmName.MD5, part));
    }

    private void Commit(HttpContext context)
    {
        var id = context.Request.Path.Value!.Split('/')[^1];
        var content = _uploads[id].ToArray();
        Assert.Equal(context.Request.Query["digest"], Digest.Of(content).ToString());
        Assert.Equal($"{Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.MD5, _sums[id].SelectMany(static sum => sum).ToArray()))}-{_sums[id].Count}", context.Request.Query["etag"]);
        registry.Blobs[context.Request.Query["digest"]!] = content;
        context.Response.StatusCode = StatusCodes.Status201Created;
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.ToArray();
    }
}
