using LlavaServer.Inference.Images;

namespace LlavaServer.Inference.Prompting;

/// <summary>A picture inside a <see cref="Prompt"/>: rows <see cref="Start"/> to <see cref="Start"/> + <see cref="RowCount"/> - 1 are its own.</summary>
internal sealed record PromptImage(int Start, int RowCount, Picture Picture);
