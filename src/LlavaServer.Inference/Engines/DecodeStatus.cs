namespace LlavaServer.Inference.Engines;

/// <summary>Outcome of one step of an engine.</summary>
public enum DecodeStatus
{
    /// <summary>All rows were computed and are stored in the KV cache.</summary>
    Done,

    /// <summary>
    /// No room for the batch: a sequence is at its context length, or the positions that all sequences share the memory of
    /// (<see cref="EngineInfo.KVPositions"/>) do not suffice. Room is given out in blocks, so the last positions of a sequence may take more than
    /// their number. Nothing was changed; the batch may be tried again when sequences were removed.
    /// </summary>
    NoSpace,
}
