namespace LlavaServer.Training.Checkpoints;

/// <summary>How far a stage has come: optimizer steps, examples seen, seconds of training over all restarts.</summary>
public sealed record StageProgress(string Stage, long Step, long Examples, double Seconds);
