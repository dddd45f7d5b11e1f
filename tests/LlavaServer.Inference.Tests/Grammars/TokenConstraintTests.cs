using System.Text;
using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Tests.Fakes;

namespace LlavaServer.Inference.Tests.Grammars;

/// <summary>Token masks against the plain test of every token, and what the sampler makes of them.</summary>
[Collection(nameof(AloneCollection))]
public sealed class TokenConstraintTests
{
    private const string Schema =
        """{"type":"object","properties":{"name":{"type":"string","maxLength":30},"tags":{"type":"array","items":{"enum":["red","green"]}},"n":{"type":"number"}},"required":["name"]}""";

    [Theory]
    [InlineData("{\"name\":\"a red circle é\",\"tags\":[\"red\", \"green\"],\"n\":-1.5e3}")]
    [InlineData("{\n  \"name\": \"\\u00e9 \\\"x\\\"\",\n  \"n\": 12\n}")]
    public void MaskOf_EveryStep_EqualsTheTestOfEveryToken(string text)
    {
        var tokenizer = BundledTokenizer.Get();
        var grammar = GrammarText.Schema(Schema);
        var constraint = new TokenConstraint(grammar, new VocabularyTrie(tokenizer));
        var automaton = new GrammarAutomaton(grammar);
        var state = constraint.Start;
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            var mask = constraint.MaskOf(state);
            for (var id = 0; id < tokenizer.VocabularySize; id++)
            {
                var bytes = tokenizer.GetBytes(id, special: false);
                var after = state;
                foreach (var next in bytes)
                {
                    after = automaton.Step(after, next);
                }

                var expected = tokenizer.IsEndOfGeneration(id) ? state.Accepts : bytes.Length > 0 && after != GrammarAutomaton.Dead;
                Assert.True(expected == ((mask[id >> 6] >> (id & 63) & 1) != 0), $"{id} {Encoding.UTF8.GetString(bytes)}");
            }

            state = automaton.Step(state, value);
        }

        Assert.True(state.Accepts);
        Assert.True(state.IsFinal);
    }

    [Fact]
    public void Sample_Mask_IsAppliedBeforeBiasAndFilters()
    {
        var tokenizer = new FakeTokenizer();
        static int Id(char c) => FakeTokenizer.FirstByte + c;
        var logits = new float[tokenizer.VocabularySize];
        logits[Id('x')] = 50;
        logits[Id('b')] = 3;
        var constraint = new TokenConstraint(GrammarText.Gbnf("root ::= [ab] \"!\""), new VocabularyTrie(tokenizer));
        var candidates = new CandidateList(logits.Length);
        foreach (var parameters in new SamplingParameters[]
        {
            new() { Temperature = 0 }, new() { TopK = 1 }, new() { TopP = 0.01f, TopK = 0 }, new() { Temperature = 0, LogitBias = new Dictionary<int, float> { [Id('x')] = 100 } },
        })
        {
            var sampler = new Sampler(parameters, 64) { Grammar = new GrammarMatcher(constraint) };
            Assert.Equal(Id('b'), sampler.Sample(logits, candidates));
            sampler.Accept(Id('b'));
            Assert.Equal(Id('!'), sampler.Sample(logits, candidates));
            Assert.False(sampler.Grammar.IsFinal);
            sampler.Accept(Id('!'));
            Assert.True(sampler.Grammar.IsFinal);
            Assert.Equal(FakeTokenizer.Eos, sampler.Sample(logits, candidates));
        }

        // Bias within the mask, and penalties, go on working.
        var biased = new Sampler(new SamplingParameters { Temperature = 0, LogitBias = new Dictionary<int, float> { [Id('a')] = 4 } }, 64) { Grammar = new GrammarMatcher(constraint) };
        Assert.Equal(Id('a'), biased.Sample(logits, candidates));
    }

    [Fact]
    public void Sample_NoTokenFits_MinusOne()
    {
        var tokenizer = new FakeTokenizer();
        var constraint = new TokenConstraint(GrammarText.Gbnf("root ::= \"a\""), new VocabularyTrie(new OneTokenTokenizer()));
        var sampler = new Sampler(new SamplingParameters(), 64) { Grammar = new GrammarMatcher(constraint) };
        Assert.Equal(-1, sampler.Sample(new float[tokenizer.VocabularySize], new CandidateList(tokenizer.VocabularySize)));
    }

    [Fact]
    public void MaskOf_ManyStates_MemoryIsLetGo()
    {
        // Each length of the string is a state of its own: 30,000 of them, of which a few thousand are held.
        var tokenizer = new FakeTokenizer();
        var grammar = GrammarText.Schema("""{"type":"string","minLength":30000}""");
        var constraint = new TokenConstraint(grammar, new VocabularyTrie(tokenizer));
        var matcher = new GrammarMatcher(constraint);
        matcher.Accept(FakeTokenizer.FirstByte + '"');
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 30_000; i++)
        {
            Assert.NotEqual(0ul, matcher.Mask[(FakeTokenizer.FirstByte + 'a') >> 6]);
            matcher.Accept(FakeTokenizer.FirstByte + 'a');
        }

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 48 << 20);
    }
}
