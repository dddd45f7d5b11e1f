using LlavaServer.Training.Drawing;

namespace LlavaServer.Training.Dataset;

/// <summary>One question with its exact answer. <see cref="Focus"/> is the one item that it is about, so that "it" can follow.</summary>
public sealed record Turn(Family Family, string Question, string Answer, SceneItem? Focus = null)
{
    /// <summary>Pictures in front of the question.</summary>
    public int Pictures { get; init; }
}
