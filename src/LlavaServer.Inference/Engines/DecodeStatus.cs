namespace LlavaServer.Inference.Engines;

/// <summary>Outcome of one step of an engine.</summary>
public enum DecodeStatus
{
    /// <summary>All rows were computed and are stored in the KV cache.</summary>
    Done,

    /// <summary>No room in the KV cache for the batch; nothing was changed.</summary>
    NoSpace,
}
