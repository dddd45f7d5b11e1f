using LlavaServer.Configuration;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Logging;
using LlavaServer.Models.Creation;
using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.Ollama.Store;

/// <summary>
/// <c>POST /api/create</c>: models out of models, GGUF files and checkpoints, with progress as lines or the last one alone. A creation ends when its caller
/// leaves, and nothing of it is left. Singleton, thread-safe.
/// </summary>
internal sealed partial class OllamaCreateEndpoint(
    OllamaRequestReader reader,
    ModelCatalog catalog,
    StoredModels models,
    ModelCreator creator,
    ModelPuller puller,
    RegistryAccess registries,
    IOptions<InferenceOptions> inference,
    IOptions<ServerOptions> options,
    TimeProvider time,
    ILogger<OllamaCreateEndpoint> logger)
{
    private const string Success = "success";

    public async Task HandleAsync(HttpContext context)
    {
        OllamaCreateRequest request;
        using (var body = await reader.ReadBodyAsync(context))
        {
            RequestRecord.Of(context).Model = OllamaShowEndpoint.NameIn(body.Root);
            request = OllamaCreateReader.Read(body.Root);
        }

        if (catalog.FindFixed(request.Name) is not null)
        {
            throw OllamaErrors.FixedModel(RequestRecord.Of(context).Model!, "model");
        }

        OllamaHeaders.Ignored(context, request.Ignored);
        var started = time.GetTimestamp();
        await ProgressAnswer.RunAsync(context, request.Stream, options.Value.Limits.WriteStall, time, report => CreateAsync(context, request, report), ToAnswer);
        if (RequestRecord.Of(context).Error is null)
        {
            Log.Created(logger, request.Name.Display, time.GetElapsedTime(started).TotalSeconds);
        }
    }

    private async Task CreateAsync(HttpContext context, OllamaCreateRequest request, Func<PullProgress, ValueTask> report)
    {
        var creation = new CreationRequest
        {
            Name = request.Name,
            Files = request.Files,
            Adapters = request.Adapters,
            Drafts = request.Drafts,
            Quantization = request.Quantization,
            DraftQuantization = request.DraftQuantization,
            Template = request.Template,
            System = request.System,
            Licenses = request.Licenses,
            Parameters = request.Parameters,
            Messages = request.Messages,
            Description = request.Description,
            RemovesFormer = !inference.Value.Models.NoPrune,
        };
        if (request.From is { } from)
        {
            creation = await WithBaseAsync(context, creation, from, request.IsInsecure, report);
        }

        await creator.CreateAsync(creation, report, context.RequestAborted);
    }

    private async Task<CreationRequest> WithBaseAsync(
        HttpContext context, CreationRequest creation, ModelName from, bool isInsecure, Func<PullProgress, ValueTask> report)
    {
        if (catalog.FindFixed(from) is { } outside)
        {
            var files = new List<(string, string)> { (outside.Files.ModelPath, LayerTypes.Model) };
            if (outside.Files.MmprojPath is { } projector)
            {
                files.Add((projector, LayerTypes.Projector));
            }

            return creation with { Outside = files };
        }

        var model = await StoreFailures.RunAsync(() => models.Store.Find(from));
        if (model is null)
        {
            registries.Check(context, from, isInsecure);
            await puller.PullAsync(
                from,
                isInsecure,
                creation.RemovesFormer,
                progress => progress.Status == Success ? ValueTask.CompletedTask : report(progress),
                context.RequestAborted);
            model = await StoreFailures.RunAsync(() => models.Store.Find(from)) ?? throw OllamaErrors.ModelNotFound(from.Display);
        }

        return creation with { Base = model };
    }

    private static RequestException? ToAnswer(Exception failure) => failure switch
    {
        CreationException { Error: CreationError.Quantization } => new(StatusCodes.Status500InternalServerError, "quantization_failed", failure.Message),
        CreationException { Error: CreationError.BaseIsGone } => new(StatusCodes.Status404NotFound, "model_not_found", failure.Message, "from"),
        CreationException => new(StatusCodes.Status400BadRequest, "invalid_model_files", failure.Message),
        IOException or UnauthorizedAccessException => new(StatusCodes.Status500InternalServerError, "store_unreadable", "a file of the model cannot be read or written"),
        _ => null,
    };

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Model {Model} created in {Seconds:0.0} s")]
        public static partial void Created(ILogger logger, string model, double seconds);
    }
}
