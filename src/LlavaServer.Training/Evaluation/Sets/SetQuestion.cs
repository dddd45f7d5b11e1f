using LlavaServer.Training.Drawing;

namespace LlavaServer.Training.Evaluation.Sets;

/// <summary>A question about a scene, without a suffix, and its answer in a word or phrase.</summary>
internal sealed record SetQuestion(Scene Scene, string Text, string Answer)
{
    public bool IsYesOrNo => Answer is "Yes" or "No";

    /// <summary>As the benchmarks spell it.</summary>
    public string SmallAnswer => Answer.ToLowerInvariant();
}
