using LlavaServer.Configuration;
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
    RegistryAccess registries,
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

        registries.Check(context, name, request.IsInsecure);
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

        registries.Check(context, name, request.IsInsecure);
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

    private Task RunAsync(HttpContext context, bool isStream, Func<Func<PullProgress, ValueTask>, Task> run) =>
        ProgressAnswer.RunAsync(context, isStream, options.Value.Limits.WriteStall, time, run);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Model {Model} pulled in {Seconds:0.0} s")]
        public static partial void Pulled(ILogger logger, string model, double seconds);
    }
}
