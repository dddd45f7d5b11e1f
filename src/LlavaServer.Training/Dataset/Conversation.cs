using LlavaServer.Training.Drawing;

namespace LlavaServer.Training.Dataset;

/// <summary>Turns about zero or more pictures; the turns' <see cref="Turn.Pictures"/> take the scenes in order.</summary>
public sealed record Conversation(string? System, IReadOnlyList<Scene> Scenes, IReadOnlyList<Turn> Turns);
