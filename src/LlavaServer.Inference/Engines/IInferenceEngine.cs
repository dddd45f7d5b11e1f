namespace LlavaServer.Inference.Engines;

/// <summary>
/// One loaded model at token level. Owned by one scheduler thread, which alone calls it (except <see cref="Vision"/>, which has its own rule).
/// </summary>
public interface IInferenceEngine : IDisposable
{
    EngineInfo Info { get; }

    /// <summary>
    /// Computes one step: stores keys and values of every row, and the logits and embeddings of the rows that want them. The first row of a sequence continues at
    /// the position where the sequence ends. Throws <see cref="ArgumentException"/> for a batch that breaks these rules,
    /// <see cref="InferenceException"/> with <see cref="InferenceError.EngineFailed"/> when the engine died.
    /// </summary>
    DecodeStatus Decode(Batch batch);

    /// <summary>Logits of a batch row that wanted them, shape (VocabularySize); valid until the next <see cref="Decode"/>.</summary>
    ReadOnlySpan<float> Logits(int row);

    /// <summary>
    /// The hidden state behind the output norm of a batch row that wanted its embedding, shape (EmbeddingWidth), as it is: not scaled; valid until the
    /// next <see cref="Decode"/>.
    /// </summary>
    ReadOnlySpan<float> Embedding(int row);

    /// <summary>
    /// Forgets the keys and values of a sequence from position <paramref name="from"/> on; 0 empties it. What no other sequence shares becomes free.
    /// </summary>
    void RemoveSequence(SequenceId id, int from);

    /// <summary>
    /// Makes the first <paramref name="length"/> positions of <paramref name="target"/> those of <paramref name="source"/>, dropping what it held. Both
    /// share them in memory, which takes no room (a block that both go on to write takes one more then), and are independent afterwards.
    /// </summary>
    void CopySequence(SequenceId source, SequenceId target, int length);

    /// <summary>
    /// Ends an engine whose step or picture does not come back, from any thread: whoever waits for it fails as if the engine had died, with the reason.
    /// False: it runs in this process and cannot be ended.
    /// </summary>
    bool TryEnd(string reason) => false;

    /// <summary>Encoder of pictures, or null for a text-only model.</summary>
    IVisionEncoder? Vision { get; }
}
