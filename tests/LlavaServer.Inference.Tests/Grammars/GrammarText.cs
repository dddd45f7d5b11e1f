using System.Text;
using System.Text.Json;
using LlavaServer.Inference.Grammars;

namespace LlavaServer.Inference.Tests.Grammars;

/// <summary>Holds texts against grammars, byte by byte.</summary>
internal static class GrammarText
{
    private static readonly GrammarCompiler s_compiler = new(new LimitOptions { GrammarTime = TimeSpan.FromMinutes(1) }, TimeProvider.System);

    public static bool Accepts(Grammar grammar, string text)
    {
        var automaton = new GrammarAutomaton(grammar);
        var state = automaton.Start;
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            state = automaton.Step(state, value);
        }

        return state.Accepts;
    }

    public static Grammar Gbnf(string text) => s_compiler.Gbnf(text, "grammar");

    public static Grammar Schema(string schema)
    {
        using var document = JsonDocument.Parse(schema);
        return s_compiler.JsonSchema(document.RootElement, "schema");
    }

    public static string SchemaError(string schema, LimitOptions? limits = null)
    {
        using var document = JsonDocument.Parse(schema, new JsonDocumentOptions { MaxDepth = 1000 });
        var failure = Assert.Throws<InferenceException>(() => new GrammarCompiler(limits ?? new() { GrammarTime = TimeSpan.FromMinutes(1) }, TimeProvider.System).JsonSchema(document.RootElement, "schema"));
        Assert.Equal((InferenceError.InvalidSchema, "schema"), (failure.Error, failure.Parameter));
        return failure.Message;
    }

    public static string GbnfError(string text)
    {
        var failure = Assert.Throws<InferenceException>(() => s_compiler.Gbnf(text, "grammar"));
        Assert.Equal((InferenceError.InvalidGrammar, "grammar"), (failure.Error, failure.Parameter));
        return failure.Message;
    }
}
