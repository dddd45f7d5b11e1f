using LlavaServer.Configuration;
using LlavaServer.Edge.Remote;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Logging;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// Turns the content parts of a request into the neutral ones, in the order of the dialect: the model sees pictures at all, their number, then what is
/// named by address is fetched, all together, then each one's text is read. What is in a picture's bytes is judged by inference. Every dialect that has
/// parts goes through it. Singleton, thread-safe.
/// </summary>
internal sealed class RequestImages(IOptions<LimitsOptions> limits, RemoteImages remote, LocalImages local)
{
    private readonly LimitsOptions _limits = limits.Value;

    /// <summary>The parts of every message. Throws <see cref="RequestException"/>.</summary>
    /// <param name="messages">Parts of each message; their body is not disposed before the result is there.</param>
    /// <param name="model">The model that will see them.</param>
    /// <param name="record">Counts pictures.</param>
    /// <param name="cancellationToken">Cancelled when the client leaves: downloads end.</param>
    public async Task<IReadOnlyList<MessagePart[]>> ReadAsync(
        IReadOnlyList<IReadOnlyList<RequestPart>> messages, ModelEntry model, RequestRecord record, CancellationToken cancellationToken)
    {
        Check(messages, model);
        var fetched = await FetchAsync(messages.SelectMany(static parts => parts), cancellationToken);
        return [.. messages.Select(parts => parts.Select(part => Read(part, fetched, record)).ToArray())];
    }

    private void Check(IReadOnlyList<IReadOnlyList<RequestPart>> messages, ModelEntry model)
    {
        var images = messages.SelectMany(static parts => parts).Where(static part => part.Image is not null).ToList();
        if (images.Count == 0)
        {
            return;
        }

        var path = images[0].Image!.Value.Path;
        if (!model.HasVision)
        {
            throw new RequestException(400, "image_input_not_supported", $"The model '{ModelNames.Display(model.Name)}' does not take images.", path);
        }

        if (images.Count > _limits.Images)
        {
            throw new RequestException(
                400, "too_many_images", $"The request has {images.Count} images; at most {_limits.Images} are allowed (Limits:Images).", path);
        }
    }

    // By path: two parts may name the same address.
    private async Task<IReadOnlyDictionary<string, byte[]>> FetchAsync(IEnumerable<RequestPart> parts, CancellationToken cancellationToken)
    {
        var fetches = new Dictionary<string, Task<byte[]>>();
        using var failing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        foreach (var part in parts)
        {
            if (part is not { Image: { } field, IsBareBase64: false })
            {
                continue;
            }

            if (remote.IsOn && ImageUrl.IsRemote(field))
            {
                fetches.Add(field.Path, remote.FetchAsync(field.AsString().Trim(), field.Path, failing.Token));
            }
            else if (local.IsOn && ImageUrl.IsFile(field))
            {
                fetches.Add(field.Path, local.ReadAsync(field.AsString().Trim(), field.Path, failing.Token));
            }
        }

        if (fetches.Count == 0)
        {
            return new Dictionary<string, byte[]>();
        }

        var waiting = fetches.Values.ToList();
        var bytes = 0L;
        Exception? failure = null;
        while (waiting.Count > 0)
        {
            var ended = await Task.WhenAny(waiting);
            waiting.Remove(ended);
            bytes += ended.IsCompletedSuccessfully ? ended.Result.Length : 0;
            if (failure is null && (!ended.IsCompletedSuccessfully || bytes > _limits.MaxRequestBodyBytes))
            {
                failure = ended.Exception?.InnerException ?? (ended.IsCanceled ? new OperationCanceledException(cancellationToken) : TooMuch());
                await failing.CancelAsync();
            }
        }

        return failure is null ? fetches.ToDictionary(static fetch => fetch.Key, static fetch => fetch.Value.Result) : throw failure;
    }

    private RequestException TooMuch() => new(
        400, "image_file_too_large", $"The images that the request names by address have more than {_limits.MaxRequestBodyBytes} bytes together (Limits:MaxRequestBodyBytes).");

    private MessagePart Read(RequestPart part, IReadOnlyDictionary<string, byte[]> fetched, RequestRecord record)
    {
        if (part.Image is not { } field)
        {
            return MessagePart.FromText(part.Text!);
        }

        if (!fetched.TryGetValue(field.Path, out var bytes))
        {
            bytes = part.IsBareBase64 ? ImageUrl.ReadBase64(field, _limits.ImageBytes) : ImageUrl.Read(field, _limits.ImageBytes);
        }

        if (part.IsFile && !ImageSignature.IsKnown(bytes))
        {
            throw new RequestException(400, "unsupported_file_type", $"The file in '{field.Path}' is not an image that this server reads.", field.Path);
        }

        record.Images++;
        record.ImageBytes += bytes.Length;
        return MessagePart.FromImage(bytes, field.Path);
    }
}
