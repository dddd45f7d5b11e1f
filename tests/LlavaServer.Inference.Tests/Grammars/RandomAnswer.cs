using System.Text;
using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Sampling;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Tests.Grammars;

/// <summary>Answers of a model that knows nothing: random logits, so that the grammar alone must hold. Late tokens lean to what closes.</summary>
internal static class RandomAnswer
{
    /// <summary>The text, and whether the answer ended by itself.</summary>
    public static (string Text, bool IsComplete) Write(Grammar grammar, ITokenizer tokenizer, uint seed, int maxTokens = 4000, int closeAfter = 50)
    {
        var sampler = new Sampler(
            new SamplingParameters { Seed = seed, Temperature = 1, TopK = 0, TopP = 1, MinP = 0 }, 4096)
        {
            Grammar = new GrammarMatcher(new TokenConstraint(grammar, new VocabularyTrie(tokenizer))),
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
