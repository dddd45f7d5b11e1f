using System.Net;
using System.Text.Json;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.Streaming;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Logging;
using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.Ollama.Store;

/// <summary>
/// <c>POST /api/pull</c> and <c>POST /api/push</c>: models from registries and to them, with progress as lines or the last one alone. A transfer ends when
/// its caller leaves, and what is there is kept. Singleton, thread-safe.
/// </summary>
internal sealed partial class OllamaTransferEndpoint(
    OllamaRequestReader reader,
    ModelCatalog catalog,
    StoredModels models,
    ModelPuller puller,
    ModelPusher pusher,
    RegistryNetwork network,
    IOptions<InferenceOptions> inference,
    IOptions<ServerOptions> options,
    TimeProvider time,
    ILogger<OllamaTransferEndpoint> logger)
{
    public async Task PullAsync(HttpContext context)
    {
        var request = await ReadAsync(context);
        if (!ModelName.TryParse(request.Name, out var name))
        {
            throw OllamaErrors.InvalidModelName();
        }

        if (catalog.FindFixed(name) is not null)
        {
            throw OllamaErrors.FixedModel(request.Name, "model");
        }

        CheckHost(context, name, request.IsInsecure);
        var started = time.GetTimestamp();
        await RunAsync(context, request.IsStream, report => puller.PullAsync(
            name, request.IsInsecure, removesFormer: !inference.Value.Models.NoPrune, report, context.RequestAborted));
        if (RequestRecord.Of(context).Error is null)
        {
            Log.Pulled(logger, name.Display, time.GetElapsedTime(started).TotalSeconds);
        }
    }

    public async Task PushAsync(HttpContext context)
    {
        var request = await ReadAsync(context);
        if (request.Name.Length == 0)
        {
            throw OllamaErrors.ModelRequired();
        }

        if (!ModelName.TryParse(request.Name, out var name))
        {
            throw OllamaErrors.InvalidModelName();
        }

        CheckHost(context, name, request.IsInsecure);
        var model = await StoreFailures.RunAsync(() => models.Store.Find(name)) ?? throw OllamaErrors.ModelNotFound(request.Name);
        await RunAsync(context, request.IsStream, report => pusher.PushAsync(model, request.IsInsecure, report, context.RequestAborted));
    }

    private async Task<(string Name, bool IsInsecure, bool IsStream)> ReadAsync(HttpContext context)
    {
        using var body = await reader.ReadBodyAsync(context);
        var name = body.Root.String("model") is { Length: > 0 } model ? model : body.Root.String("name") ?? "";
        RequestRecord.Of(context).Model = name;
        return (name, body.Root.Boolean("insecure") ?? false, body.Root.Boolean("stream") ?? true);
    }

    // An address of this network is dialled for someone who is in it, or may manage the server, and who wrote it as such.
    private void CheckHost(HttpContext context, ModelName name, bool isInsecure)
    {
        var allowed = SecurityOptions.Split(inference.Value.Models.Registries);
        if (allowed.Length > 0 && !allowed.Contains(name.Host, StringComparer.OrdinalIgnoreCase))
        {
            throw new RequestException(403, "registry_not_allowed", $"registry {OllamaText.Quote(name.Host)} is none of those that this server may use (Models:Registries)");
        }

        var isTrusted = RequestRecord.Of(context).KeyName is not null || IPAddress.IsLoopback(context.Connection.RemoteIpAddress ?? IPAddress.None);
        try
        {
            if (!isTrusted && new RegistryAddress(name, isInsecure).IsInside(network.IsPublic))
            {
                throw new RequestException(403, "registry_not_allowed", "a registry inside this network is used for callers of this machine and for admin keys only");
            }
        }
        catch (RegistryException failure)
        {
            throw RequestException.InvalidValue("model", failure.Message);
        }
    }

    private async Task RunAsync(HttpContext context, bool isStream, Func<Func<PullProgress, ValueTask>, Task> run)
    {
        PullProgress? last = null;
        using var stream = isStream ? new NdjsonStream(context, options.Value.Limits.WriteStall, time) : null;
        try
        {
            await run(async progress =>
            {
                last = progress;
                if (stream is not null)
                {
                    await stream.WriteAsync(OllamaProgress.Of(progress), static (writer, line) => JsonSerializer.Serialize(writer, line, OllamaJson.Context.OllamaProgress));
                }
            });
        }
        catch (Exception failure) when (failure is RegistryException or StoreException)
        {
            var refusal = failure is StoreException store ? StoreFailures.ToAnswer(store) : new RequestException(500, "registry_failed", failure.Message);
            if (stream is null || last is null)
            {
                throw refusal;
            }

            RequestRecord.Of(context).Error = refusal.Code;
            await stream.WriteAsync(new OllamaError(refusal.Message), static (writer, line) => JsonSerializer.Serialize(writer, line, OllamaJson.Context.OllamaError));
            return;
        }

        if (stream is null)
        {
            await OllamaJson.WriteAsync(context, OllamaProgress.Of(last!), OllamaJson.Context.OllamaProgress);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Model {Model} pulled in {Seconds:0.0} s")]
        public static partial void Pulled(ILogger logger, string model, double seconds);
    }
}
