using System.Collections.Concurrent;
using System.Net.Http.Headers;
using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LlavaServer.TestRegistry;

/// <summary>
/// A registry on loopback that counts what it sends, and misbehaves as a test says. Answers manifests and blobs, with ranges, as the distribution
/// specification has them.
/// </summary>
internal sealed class LocalRegistry : IAsyncDisposable
{
    private readonly WebApplication _app;
    private long _bytesSent;
    private int _sending;

    private LocalRegistry(WebApplication app) => _app = app;

    public ConcurrentDictionary<string, byte[]> Blobs { get; } = new();

    public ConcurrentDictionary<string, byte[]> Manifests { get; } = new();

    public ConcurrentQueue<(string Method, string Path, string Authorization)> Requests { get; } = new();

    /// <summary>Ranges of blobs that were asked for, in their order.</summary>
    public ConcurrentQueue<string> Ranges { get; } = new();

    public long BytesSent => Interlocked.Read(ref _bytesSent);

    /// <summary>Blobs that are being sent now.</summary>
    public int Sending => Volatile.Read(ref _sending);

    public string Authority => new Uri(_app.Urls.First()).Authority;

    /// <summary>Looks at every request first; true when it has answered.</summary>
    public Func<HttpContext, Task<bool>> OnRequest { get; set; } = static _ => Task.FromResult(false);

    /// <summary>Bytes of each answer that are sent before the connection is cut; null is all.</summary>
    public Func<HttpContext, int?> CutAfter { get; set; } = static _ => null;

    /// <summary>Called before each 16 KiB of a blob.</summary>
    public Func<Task> OnChunk { get; set; } = static () => Task.CompletedTask;

    public static async Task<LocalRegistry> StartAsync(string address = "127.0.0.1")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://{address}:0");
        var registry = new LocalRegistry(builder.Build());
        registry._app.Run(registry.AnswerAsync);
        await registry._app.StartAsync();
        return registry;
    }

    /// <summary>A model of two files with random bytes.</summary>
    public ModelManifest Put(string tag, int bytes, int seed = 1)
    {
        var files = new[] { bytes, 1000 }.Select((length, index) =>
        {
            var content = new byte[length];
            new Random(seed + (index * 1000)).NextBytes(content);
            return Put(content, index == 0 ? LayerTypes.Model : LayerTypes.Projector);
        }).ToList();
        var manifest = ModelManifest.Create(Put("{}"u8.ToArray(), LayerTypes.Config), files);
        Manifests[tag] = manifest.Bytes.ToArray();
        return manifest;
    }

    public ManifestLayer Put(byte[] content, string type)
    {
        var digest = Digest.Of(content);
        Blobs[digest.ToString()] = content;
        return new ManifestLayer(type, digest, content.Length);
    }

    public ModelName Name(string tag) => ModelName.TryFromParts(Authority, "some", "eye", tag, out var name) ? name : throw new ArgumentException(tag, nameof(tag));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>Sends bytes of a blob; the connection is cut where the test says so.</summary>
    public async Task SendAsync(HttpContext context, byte[] content, int from, int count)
    {
        var cut = CutAfter(context);
        context.Response.ContentLength = count;
        var sent = 0;
        while (sent < count)
        {
            await OnChunk();
            var chunk = Math.Min(Math.Min(16 << 10, count - sent), (cut ?? int.MaxValue) - sent);
            if (chunk <= 0)
            {
                // A reset takes away what the client has not read yet.
                await Task.Delay(20);
                context.Abort();
                return;
            }

            await context.Response.Body.WriteAsync(content.AsMemory(from + sent, chunk), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            sent += chunk;
            Interlocked.Add(ref _bytesSent, chunk);
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        Requests.Enqueue((context.Request.Method, path, context.Request.Headers.Authorization.ToString()));
        if (await OnRequest(context))
        {
            return;
        }

        var parts = path.Split('/');
        if (parts is [_, "v2", _, _, "manifests", var tag] && Manifests.TryGetValue(tag, out var manifest))
        {
            await context.Response.Body.WriteAsync(manifest, context.RequestAborted);
        }
        else if (parts is [.., "blobs", var digest] && Blobs.TryGetValue(digest, out var content))
        {
            var (from, to) = (0, content.Length - 1);
            if (RangeHeaderValue.TryParse(context.Request.Headers.Range, out var range))
            {
                var wanted = range.Ranges.First();
                Ranges.Enqueue(range.ToString());
                (from, to) = ((int)wanted.From!.Value, (int)wanted.To!.Value);
                context.Response.StatusCode = StatusCodes.Status206PartialContent;
                context.Response.Headers.ContentRange = $"bytes {from}-{to}/{content.Length}";
            }

            Interlocked.Increment(ref _sending);
            try
            {
                await SendAsync(context, content, from, to - from + 1);
            }
            finally
            {
                Interlocked.Decrement(ref _sending);
            }
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
    }
}
