namespace LlavaServer.Inference.Engines;

/// <summary>One row of a <see cref="Batch"/>: a token when <see cref="Image"/> is null, else a row of that picture.</summary>
public readonly record struct BatchRow(
    SequenceId Sequence, int Position, int TokenId, ImageEmbedding? Image, int ImageRow, bool WantsLogits, bool WantsEmbedding);
