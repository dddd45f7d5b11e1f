namespace LlavaServer.Inference.Engines;

/// <summary>Number of a sequence of an engine: 0 to <see cref="EngineInfo.SequenceCount"/> - 1.</summary>
public readonly record struct SequenceId(int Value);
