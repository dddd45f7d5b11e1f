namespace LlavaServer.Engine.Tests.Language;

/// <summary>What llama-server answers to <c>/v1/embeddings</c> for a model of <see cref="GoldenLogits"/>: one vector of length 1 for each input.</summary>
internal sealed record GoldenEmbeddings(string Name, string Pooling, string Sha256, string Command, int[][] Inputs, float[][] Embeddings);
