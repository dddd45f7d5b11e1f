namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>A row of a batch in a <see cref="StepFrame"/>.</summary>
/// <param name="Sequence">Number of the sequence.</param>
/// <param name="Position">Position in it.</param>
/// <param name="TokenId">The token, of a token row.</param>
/// <param name="ImageRow">Row in the shared block of image rows; -1 for a token row.</param>
/// <param name="WantsLogits">1 or 0.</param>
/// <param name="WantsEmbedding">1 or 0.</param>
internal readonly record struct WireRow(int Sequence, int Position, int TokenId, int ImageRow, short WantsLogits, short WantsEmbedding);
