namespace LlavaServer.Models.Store;

/// <summary>Something that could not be done in the store. The message has no paths in it.</summary>
public sealed class StoreException(StoreError error, string message, Exception? inner = null) : Exception(message, inner)
{
    public StoreError Error { get; } = error;
}
