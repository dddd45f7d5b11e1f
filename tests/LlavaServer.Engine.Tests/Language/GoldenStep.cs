namespace LlavaServer.Engine.Tests.Language;

/// <summary>A greedy token and the likeliest tokens before it with their natural log-probabilities.</summary>
internal sealed record GoldenStep(int Token, int[] Ids, float[] LogProbabilities);
