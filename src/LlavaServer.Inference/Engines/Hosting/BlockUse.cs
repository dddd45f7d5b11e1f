namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>What a shared block of the steps' channel is for.</summary>
internal enum BlockUse
{
    /// <summary>Rows of logits, written by the child during a step; shape (rows, vocabulary).</summary>
    Logits,

    /// <summary>Image rows of a step, written by the server before it; shape (rows, embedding width).</summary>
    ImageRows,

    /// <summary>Hidden states, written by the child during a step; shape (rows, embedding width).</summary>
    Embeddings,
}
