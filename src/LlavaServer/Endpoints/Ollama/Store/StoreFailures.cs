using LlavaServer.Models.Store;

namespace LlavaServer.Endpoints.Ollama.Store;

/// <summary>What the store could not do, as an answer to the caller.</summary>
internal static class StoreFailures
{
    public static RequestException ToAnswer(StoreException failure) => failure.Error switch
    {
        StoreError.DigestMismatch => new(StatusCodes.Status400BadRequest, "digest_mismatch", failure.Message, "digest"),
        StoreError.DiskFull => new(StatusCodes.Status507InsufficientStorage, "disk_full", failure.Message),
        StoreError.ReadOnly => new(StatusCodes.Status403Forbidden, "store_read_only", failure.Message),
        StoreError.Busy => new(StatusCodes.Status503ServiceUnavailable, "store_busy", failure.Message),
        StoreError.MissingBlob => new(StatusCodes.Status400BadRequest, "blob_missing", failure.Message),
        _ => new(StatusCodes.Status500InternalServerError, "store_unreadable", failure.Message),
    };

    /// <summary>Runs something in the store on a thread that may wait for other processes and the disk.</summary>
    public static async Task<T> RunAsync<T>(Func<T> action)
    {
        try
        {
            return await Task.Run(action);
        }
        catch (StoreException failure)
        {
            throw ToAnswer(failure);
        }
    }
}
