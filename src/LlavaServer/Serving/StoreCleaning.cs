using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Models.Store;
using Microsoft.Extensions.Options;

namespace LlavaServer.Serving;

/// <summary>Cleans the model store up when the server starts, beside everything else, and reads what its models say of themselves. Singleton.</summary>
internal sealed partial class StoreCleaning(StoredModels models, IOptions<InferenceOptions> options, TimeProvider time, ILogger<StoreCleaning> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Run(Run, stoppingToken);

    private void Run()
    {
        try
        {
            var store = models.Store;
            store.RenameOldBlobs();
            if (!store.IsReadOnly && !options.Value.Models.NoPrune)
            {
                var removed = store.Prune(time.GetUtcNow());
                if (removed.Count > 0)
                {
                    Log.Removed(logger, removed.Count, removed.Bytes);
                }

                if (removed.KeptBecause is { } reason)
                {
                    Log.Kept(logger, reason);
                }
            }

            // Whoever lists the models first need not wait for it.
            models.All();
        }
        catch (StoreException exception) when (exception.Error == StoreError.ReadOnly)
        {
            Log.NotWritable(logger);
            models.All();
        }
        catch (Exception exception) when (exception is StoreException or IOException or UnauthorizedAccessException)
        {
            Log.Failed(logger, exception);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(14, LogLevel.Information, "Model store: {Count} unused files removed, {Bytes} bytes")]
        public static partial void Removed(ILogger logger, int count, long bytes);

        [LoggerMessage(15, LogLevel.Warning, "Model store: unused files stay, because {Reason}")]
        public static partial void Kept(ILogger logger, string reason);

        [LoggerMessage(17, LogLevel.Information, "The model store cannot be written; it is served as it is")]
        public static partial void NotWritable(ILogger logger);

        [LoggerMessage(16, LogLevel.Warning, "The model store cannot be cleaned up")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
