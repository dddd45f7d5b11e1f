using System.Text;
using LlavaServer.Inference.Grammars;

namespace LlavaServer.Inference.Tests.Grammars;

/// <summary>llama.cpp's notation: what it means, and what is refused where.</summary>
public sealed class GbnfTests
{
    [Theory]
    [InlineData("root ::= \"yes\" | \"no\"", "yes|no", "|y|yesno|No")]
    [InlineData("root ::= [a-c]+ [^a-c]?", "a|abc|cz|aé", "|z|abzz")]
    [InlineData("root ::= (\"a\" \"b\")*", "|ab|abab", "a|aba|ba")]
    [InlineData("root ::= \"a\"{2,3} \"b\"{1} \"c\"{2,}", "aabcc|aaabcccc", "abcc|aaaabcc|aabc|aabbcc")]
    [InlineData("root ::= . .", "ab|é😀", "a|abc")]
    [InlineData("root ::= \"\\x41\\u00e9\\U0001F600\\n\\t\\\\\\\"\"", "Aé😀\n\t\\\"", "A")]
    [InlineData("root ::= [\\]\\[a\\-] # a comment\n", "]|[|a|-", "b|\\")]
    [InlineData("root ::= e\ne ::= t (\"+\" t)*\nt ::= [0-9] | \"(\" e \")\"", "1|1+2|(1+(2))+3", "1+|(1|()")]
    [InlineData("root ::= x\nx ::= \"a\" x \"b\" | \"\"", "|ab|aaabbb", "aab|abb|ba")]
    [InlineData("root ::=\n  \"a\" |\n  ( \"b\"\n \"c\" )\n\nother ::= \"z\"", "a|bc", "z|b")]
    [InlineData("root ::= (\"a\"?){3} \"b\"", "b|ab|aaab", "aaaab|a")]
    [InlineData("root ::= (\"a\"* \"b\"?)*", "|aab|bbab", "c")]
    [InlineData("root ::= [あ-ん]{2}", "あん|ひら", "あ|aa")]
    public void Accepts_Text_AsTheGrammarSays(string grammar, string accepted, string refused)
    {
        var compiled = GrammarText.Gbnf(grammar);
        Assert.All(accepted.Split('|'), text => Assert.True(GrammarText.Accepts(compiled, text), text));
        Assert.All(refused.Split('|'), text => Assert.False(GrammarText.Accepts(compiled, text), text));
    }

    [Theory]
    [InlineData("", "'root' is not defined")]
    [InlineData("root = \"a\"", "Line 1, column 6: '::=' is expected")]
    [InlineData("root ::= a\n", "Line 1, column 10: the rule 'a' is not defined")]
    [InlineData("a ::= \"x\"", "'root' is not defined")]
    [InlineData("root ::= \"a\"\nroot ::= \"b\"", "Line 2, column 1: the rule 'root' is defined twice")]
    [InlineData("root ::= \"a", "not closed")]
    [InlineData("root ::= [a", "not closed")]
    [InlineData("root ::= (\"a\"", "')' is expected")]
    [InlineData("root ::= \"a\")", "the end of the line is expected")]
    [InlineData("root ::= *", "the end of the line is expected")]
    [InlineData("root ::= \"a\"{3,2}", "a repetition is")]
    [InlineData("root ::= \"a\"{2001}", "up to 2000")]
    [InlineData("root ::= \"a\"{99999999999}", "up to 2000")]
    [InlineData("root ::= \"\\q\"", "an escape is one of")]
    [InlineData("root ::= \"\\uD800\"", "hexadecimal digits of a character")]
    [InlineData("root ::= [z-a]", "from the lower")]
    [InlineData("root ::= <[5]>", "tokens in a grammar are not supported")]
    [InlineData("root ::= root \"a\" | \"b\"", "'root' begins with itself")]
    [InlineData("root ::= a\na ::= \"\"? b\nb ::= c | \"y\"\nc ::= a \"x\"", "begins with itself")]
    [InlineData("root ::= \"a\" root", "No finite answer")]
    [InlineData("root ::= (\"a\"?){17}", "repeated up to 17 times")]
    public void SCH20_WrongGrammar_RefusedWithItsPlace(string grammar, string error) =>
        Assert.Contains(error, GrammarText.GbnfError(grammar), StringComparison.Ordinal);

    [Fact]
    public void SCH20_HostileGrammars_RefusedOrServedInBounds()
    {
        Assert.Contains("Limits:SchemaDepth", GrammarText.GbnfError("root ::= " + new string('(', 60_000)), StringComparison.Ordinal);
        Assert.Contains("Limits:GrammarBytes", GrammarText.GbnfError("root ::= \"" + new string('a', 300_000) + "\""), StringComparison.Ordinal);
        Assert.Contains("400000 parts", GrammarText.GbnfError("root ::= " + string.Concat(Enumerable.Repeat("[^a]", 60_000))), StringComparison.Ordinal);
        Assert.Contains("Limits:GrammarTime", SlowError("root ::= " + string.Concat(Enumerable.Repeat("[^a]", 60_000))), StringComparison.Ordinal);

        // Ten thousand rules in a chain, and nested counts: no recursion, no expansion.
        var chain = new StringBuilder("root ::= r0\n");
        for (var i = 0; i < 10_000; i++)
        {
            chain.Append('r').Append(i).Append(" ::= r").Append(i + 1).Append('\n');
        }

        Assert.True(GrammarText.Accepts(GrammarText.Gbnf(chain + "r10000 ::= \"x\""), "x"));
        Assert.True(GrammarText.Accepts(GrammarText.Gbnf("root ::= ((\"a\"{1,2000}){1,2000}){1,2000}"), "aaaa"));

        // 2^n readings: the number of them that are followed is bounded.
        var ambiguous = GrammarText.Gbnf("root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"a\"");
        Assert.True(GrammarText.Accepts(ambiguous, "aaabc"));
        GrammarText.Accepts(ambiguous, new string('a', 300));
    }

    private static string SlowError(string text)
    {
        var compiler = new GrammarCompiler(new LimitOptions { GrammarTime = TimeSpan.FromTicks(1) }, TimeProvider.System);
        return Assert.Throws<InferenceException>(() => compiler.Gbnf(text, "grammar")).Message;
    }
}
