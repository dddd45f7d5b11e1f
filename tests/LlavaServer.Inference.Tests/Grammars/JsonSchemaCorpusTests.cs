using System.Text.Json;
using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Tests.Fakes;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Tests.Grammars;

/// <summary>Every answer parses and validates, whatever the model: random logits over two vocabularies, against a validator of our own.</summary>
public sealed class JsonSchemaCorpusTests
{
    private static readonly JsonDocumentOptions s_deep = new() { MaxDepth = 256 };

    [Fact]
    public void All_AtLeastThreeHundredSchemas() => Assert.True(SchemaCorpus.All.Distinct().Count() >= 300, $"{SchemaCorpus.All.Distinct().Count()}");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Sample_RandomLogits_EveryAnswerValidates(int quarter)
    {
        var tokenizer = BundledTokenizer.Get();
        var bytes = new FakeTokenizer();
        var compiler = new GrammarCompiler(new LimitOptions { GrammarTime = TimeSpan.FromMinutes(1) }, TimeProvider.System);
        var complete = 0;
        var total = 0;
        var failures = new List<string>();
        var unfinished = new List<string>();
        for (var i = quarter; i < SchemaCorpus.All.Count; i += 4)
        {
            for (var seed = 0u; seed < 4; seed++)
            {
                total++;
                var (failure, isComplete) = Try(compiler, SchemaCorpus.All[i], seed < 2 ? tokenizer : bytes, seed);
                complete += isComplete ? 1 : 0;
                unfinished.AddRange(isComplete ? [] : [SchemaCorpus.All[i]]);
                failures.AddRange(failure is null ? [] : [$"{SchemaCorpus.All[i]}: {failure}"]);
            }
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures.Take(20)));
        Assert.True(complete >= total * 0.96, $"{complete} of {total} ended by themselves; not {string.Join(' ', unfinished)}");
    }

    private static (string? Failure, bool IsComplete) Try(GrammarCompiler compiler, string schema, ITokenizer tokenizer, uint seed)
    {
        using var document = JsonDocument.Parse(schema);
        var text = "";
        try
        {
            var grammar = compiler.JsonSchema(document.RootElement, "schema");
            (text, var isComplete) = RandomAnswer.Write(grammar, tokenizer, seed, closeAfter: seed % 2 == 0 ? 10 : 60);
            if (!isComplete)
            {
                return (null, false);
            }

            using var answer = JsonDocument.Parse(text, s_deep);
            return (new SchemaValidator(document.RootElement).Check(answer.RootElement), true);
        }
        catch (Exception failure) when (failure is JsonException or InferenceException or FormatException)
        {
            return ($"{failure.Message} {text}", true);
        }
    }
}
