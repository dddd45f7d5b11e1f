namespace LlavaServer.Benchmarks.Gaps;

/// <summary>What another client does beside the measured stream; <see cref="Run"/> ends with that client's first token.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Run">Once for every run.</param>
internal sealed record Disturbance(string Name, Func<Task> Run);
