namespace LlavaServer.Cli.Bench;

/// <summary>What is measured of each model. Immutable.</summary>
/// <param name="Picture">Bytes of the picture file; empty: pictures of noise, a new one each time.</param>
/// <param name="Pictures">Pictures of a question.</param>
/// <param name="PromptTokens">About as many tokens of text in a question.</param>
/// <param name="Tokens">Tokens of an answer.</param>
/// <param name="Concurrency">Questions asked at the same time.</param>
/// <param name="Repeat">Measured rounds.</param>
/// <param name="WarmUp">Rounds before them that are not measured.</param>
internal sealed record BenchPlan(byte[] Picture, int Pictures, int PromptTokens, int Tokens, int Concurrency, int Repeat, int WarmUp);
