namespace LlavaServer.Inference.Tests;

/// <summary>Tests that count the process's allocations, so nothing else may run beside them.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;
