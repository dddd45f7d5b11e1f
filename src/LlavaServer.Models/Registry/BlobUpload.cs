using System.Net;
using System.Net.Http.Headers;
using LlavaServer.Models.Store;
using Polly;
using Polly.Retry;

namespace LlavaServer.Models.Registry;

/// <summary>
/// The upload of one blob: taken over from the model that it came from where the registry allows it, else in parts, one after another, each to where the
/// registry has it sent (the distribution specification; the direct addresses are Ollama's). Runs once; owned by its push.
/// </summary>
internal sealed class BlobUpload(RegistrySession session, BlobStore blobs, ManifestLayer file, DownloadOptions options, TimeProvider time)
{
    private const string UploadLocation = "Docker-Upload-Location";

    private readonly ResiliencePipeline _again = new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(new RetryStrategyOptions
    {
        ShouldHandle = static attempt => ValueTask.FromResult(attempt.Outcome.Exception is RegistryException { MayPass: true }),
        MaxRetryAttempts = Math.Max(1, options.Attempts - 1),
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Delay = options.FirstWait,
    }).Build();

    private long _done;
    private long _sent;

    /// <summary>Bytes that have left; never less than before.</summary>
    public long Sent => Volatile.Read(ref _done);

    /// <summary>Throws <see cref="RegistryException"/> when the registry does not take the blob.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var begin = new Uri(session.Address.Base, "blobs/uploads/" + Mount());
        using var begun = await session.SendAsync(HttpMethod.Post, begin, static request => request.Content = new ByteArrayContent([]), cancellationToken).ConfigureAwait(false);
        await CheckAsync(session, begun, "an upload", cancellationToken).ConfigureAwait(false);
        if (begun.StatusCode == HttpStatusCode.Created)
        {
            return;
        }

        var location = Next(begun, begin);
        var size = Math.Clamp(file.Size / 16, options.LeastPartBytes, options.MostPartBytes);
        var tag = new UploadTag();
        for (long offset = 0; offset < file.Size; offset += size)
        {
            var part = new BlobContentPart(blobs.PathOf(file.Digest), offset, Math.Min(size, file.Size - offset));
            var at = location;
            location = await _again.ExecuteAsync(async token => await SendAsync(at, part, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            await tag.AddAsync(part, cancellationToken).ConfigureAwait(false);
        }

        var commit = new Uri($"{location.AbsoluteUri}{(location.Query.Length > 0 ? '&' : '?')}digest={Uri.EscapeDataString(file.Digest.ToString())}&etag={tag}");
        await _again.ExecuteAsync(
            async token =>
            {
                using var response = await session.SendAsync(
                    HttpMethod.Put, commit, static request => request.Content = new ByteArrayContent([]), token, answerTimeout: Timeout.InfiniteTimeSpan).ConfigureAwait(false);
                await CheckAsync(session, response, "a file", token).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Throws <see cref="RegistryException"/> unless the answer is one of success.</summary>
    public static async Task CheckAsync(RegistrySession session, HttpResponseMessage response, string what, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
        {
            var status = (int)response.StatusCode;
            throw new RegistryException(
                status is 401 or 403
                    ? "you are not authorized to push to this registry"
                    : $"the registry answers {status} to {what}{await session.ReasonAsync(response, cancellationToken).ConfigureAwait(false)}",
                mayPass: status is 408 or 429 or >= 500);
        }
    }

    // Only of a model of the same registry: another one's names are none of its business.
    private string Mount() =>
        file.From is { } from && ModelName.TryParse(from, out var source) && source.Host.Equals(session.Address.Name.Host, StringComparison.OrdinalIgnoreCase)
            ? $"?mount={Uri.EscapeDataString(file.Digest.ToString())}&from={Uri.EscapeDataString($"{source.Namespace}/{source.Model}")}"
            : "";

    // Where the next part goes.
    private async Task<Uri> SendAsync(Uri location, BlobContentPart part, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Patch, location, part, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode is HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect)
        {
            var direct = session.Next(response, location);
            using var stored = await SendAsync(HttpMethod.Put, direct, part, cancellationToken).ConfigureAwait(false);
            await CheckAsync(session, stored, "a part of a file", cancellationToken).ConfigureAwait(false);
            return response.Headers.Contains(UploadLocation) ? Next(response, location) : location;
        }

        await CheckAsync(session, response, "a part of a file", cancellationToken).ConfigureAwait(false);
        return Next(response, location);
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri uri, BlobContentPart part, CancellationToken cancellationToken) => session.SendAsync(
        method,
        uri,
        request =>
        {
            Volatile.Write(ref _sent, part.Offset);
            request.Content = new BlobContent(part, Count);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            if (method == HttpMethod.Patch)
            {
                request.Headers.Add("X-Redirect-Uploads", "1");
                request.Content.Headers.TryAddWithoutValidation("Content-Range", $"{part.Offset}-{part.Offset + part.Size - 1}");

                // A registry that has the bytes sent elsewhere says so before it gets them.
                request.Headers.ExpectContinue = true;
            }
        },
        cancellationToken,
        answerTimeout: Timeout.InfiniteTimeSpan,
        follows: false);

    private void Count(int bytes)
    {
        var sent = Interlocked.Add(ref _sent, bytes);
        if (sent > Volatile.Read(ref _done))
        {
            Volatile.Write(ref _done, sent);
        }
    }

    private Uri Next(HttpResponseMessage response, Uri uri) => session.Next(response, uri, response.Headers.Contains(UploadLocation) ? UploadLocation : null);
}
