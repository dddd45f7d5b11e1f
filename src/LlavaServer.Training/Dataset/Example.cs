namespace LlavaServer.Training.Dataset;

/// <summary>
/// One conversation as the network takes it. Tokens hold ids, or -1 - k in each place of a row of picture k. Supervised marks tokens
/// that the loss counts as targets; Spans are the answers (first token, past the last, family).
/// </summary>
public sealed record Example(
    int[] Tokens, bool[] Supervised, IReadOnlyList<float[]> Pictures, IReadOnlyList<PatchLabels> Labels, IReadOnlyList<(int From, int To, Family Family)> Spans)
{
    /// <summary>Caption tokens for contrastive training; empty otherwise.</summary>
    public int[] Caption { get; init; } = [];
}
