using System.Text;
using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Sampling;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Tests.Grammars;

/// <summary>Answers of a model that knows nothing: random logits, so that the grammar alone must hold. Late tokens lean to what closes.</summary>
internal static class RandomAnswer
{
    /// <summary>The text, and whether the answer ended by itself.</summary>
    /// <param name="grammar">Of the answer.</param>
    /// <param name="tokenizer">Whose tokens are picked.</param>
    /// <param name="seed">Of the logits and the draws.</param>
    /// <param name="maxTokens">After which the answer is cut.</param>
    /// <param name="closeAfter">Tokens after which those that close are likely.</param>
    /// <param name="begins">What the model insists on saying first, a token a byte; then it is free until the grammar takes over.</param>
    public static (string Text, bool IsComplete) Write(
        Grammar grammar, ITokenizer tokenizer, uint seed, int maxTokens = 4000, int closeAfter = 50, string? begins = null)
    {
        var first = Encoding.UTF8.GetBytes(begins ?? "");
        var sampler = new Sampler(
            new SamplingParameters { Seed = seed, Temperature = 1, TopK = 0, TopP = 1, MinP = 0 }, 4096)
        {
            Grammar = new GrammarMatcher(new TokenConstraint(grammar, new VocabularyTrie(tokenizer)), startsFree: begins is not null),
        };
        var random = new Random((int)seed);
        var candidates = new CandidateList(tokenizer.VocabularySize);
        var logits = new float[tokenizer.VocabularySize];
        var bytes = new List<byte>();
        for (var count = 0; count < maxTokens; count++)
        {
            for (var id = 0; id < logits.Length; id++)
            {
                logits[id] = (float)(random.NextDouble() * 4) + (count > closeAfter && Closes(tokenizer, id) ? 12 : 0);
            }

            if (count < first.Length)
            {
                logits[Fakes.FakeTokenizer.FirstByte + first[count]] = 100;
            }

            var picked = sampler.Sample(logits, candidates);
            Assert.True(picked >= 0, $"no token may follow: {Encoding.UTF8.GetString([.. bytes])}");
            if (tokenizer.IsEndOfGeneration(picked))
            {
                Assert.True(sampler.Grammar.IsComplete);
                return (Encoding.UTF8.GetString([.. bytes]), true);
            }

            sampler.Accept(picked);
            bytes.AddRange(tokenizer.GetBytes(picked, special: false));
            if (sampler.Grammar.IsFinal)
            {
                return (Encoding.UTF8.GetString([.. bytes]), true);
            }
        }

        return (Encoding.UTF8.GetString([.. bytes]), false);
    }

    private static bool Closes(ITokenizer tokenizer, int id) =>
        tokenizer.IsEndOfGeneration(id) || (tokenizer.GetBytes(id, special: false) is [var first] && first is (byte)'"' or (byte)']' or (byte)'}' or (byte)'n');
}
