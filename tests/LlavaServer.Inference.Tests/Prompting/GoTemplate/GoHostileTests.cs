using System.Text;
using LlavaServer.Inference.Prompting.GoTemplate;
using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Tests.Prompting.GoTemplate;

/// <summary>A template comes from a registry or a request: whatever it is, it ends at its limits, with an error of its own kind.</summary>
public sealed class GoHostileTests
{
    private static readonly string[] s_parts =
    [
        "{{", "}}", "{{-", "-}}", " ", "\n", "if", "else", "end", "range", "with", "define", "template", "block", "break", "continue", ".", "..", ".A", ".B.C", "$", "$x", ":=", "=", ",",
        "|", "(", ")", "\"a\"", "`b`", "'c'", "\"", "'", "1", "-2", "0x", "1.5e3", "nil", "true", "eq", "and", "or", "not", "len", "index", "slice", "print", "printf", "\"%d%s\"",
        "html", "json", "call", "/*", "*/", "text", "\uD800", "😀", "\0", "{{if .A}}", "{{range $i, $x := .B}}", "{{end}}", "{{else}}", "{{$x := .A}}", "{{.}}", "{{with .B}}", "{{range 3}}",
    ];

    [Theory]
    [InlineData("{{range 1000000000000}}{{end}}")]
    [InlineData("{{range 100000}}{{range 100000}}x{{end}}{{end}}")]
    [InlineData("{{range 9223372036854775807}}{{$x := .}}{{end}}")]
    [InlineData("{{define `a`}}{{template `a` .}}{{template `a` .}}{{end}}{{template `a` .}}")]
    [InlineData("{{$s := `aaaaaaaaaaaaaaaa`}}{{range 1000}}{{$s = print $s $s}}{{end}}")]
    [InlineData("{{$s := `<`}}{{range 1000}}{{$s = html $s $s}}{{end}}")]
    [InlineData("{{$s := `\"`}}{{range 1000}}{{$s = json $s}}{{end}}")]
    [InlineData("{{$s := `\"`}}{{range 1000}}{{$s = printf `%q` $s}}{{end}}")]
    [InlineData("{{$s := `x`}}{{range 100}}{{$s = printf `%x` $s}}{{end}}")]
    [InlineData("{{range 10000}}{{printf `%1000000d` 1}}{{end}}")]
    [InlineData("{{printf `%99999999999d` 1}}")]
    [InlineData("{{range 1000000}}{{index (printf `%1000000d` 1) 5}}{{end}}")]
    [InlineData("{{range 100000}}{{slice (printf `%100000d` 1) 5}}{{end}}")]
    [InlineData("{{range 1000000}}{{len (printf `%100000d` 1)}}{{end}}")]
    [InlineData("{{define `a`}}{{range .}}{{template `a` $}}{{end}}{{end}}{{template `a` 9}}")]
    public void GGUF8_TemplateThatDoesNotEnd_IsStoppedByName(string template)
    {
        var failure = GoRendering.Fails(template);
        Assert.True(failure.Error is JinjaError.Limit or JinjaError.Value, failure.Message);
        Assert.StartsWith("template 'test', line 1: ", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{if true}}", "{{end}}", 5000)]
    [InlineData("{{if true}}{{else ", "{{end}}", 5000)]
    [InlineData("(", ")", 20000)]
    [InlineData("{{range .}}", "", 20000)]
    [InlineData("{{block `a` .}}", "{{end}}", 20000)]
    public void GGUF8_DeepTemplate_IsRefusedOrRendered(string open, string close, int count)
    {
        var middle = open[0] == '(' ? "{{" + Times(open, count) + "1" + Times(close, count) + "}}" : Times(open, count) + Times(close, count);
        Assert.Throws<JinjaException>(() => GoProgram.Compile("test", middle));
    }

    [Fact]
    public void GGUF8_LongTemplate_IsRefused() =>
        Assert.Equal(JinjaError.Limit, Assert.Throws<JinjaException>(() => GoProgram.Compile("test", new string('x', JinjaLimits.SourceChars + 1))).Error);

    [Fact]
    public void GGUF8_AnyText_RendersOrFailsByName()
    {
        var random = new Random(5);
        var rendered = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var source = new StringBuilder();
            for (var part = random.Next(1, 14); part > 0; part--)
            {
                source.Append(s_parts[random.Next(s_parts.Length)]).Append(random.Next(3) == 0 ? " " : "");
            }

            try
            {
                GoRendering.Run(source.ToString(), """{"A":"<x>","B":[1,{"C":"ü"},null,[]]}""", new JinjaLimits(20_000, 100_000));
                rendered++;
            }
            catch (JinjaException)
            {
                // Refused by name, as it should be.
            }
        }

        Assert.InRange(rendered, 1000, 19_000);
    }

    [Fact]
    public void GGUF8_AnyActionOnAnyValue_RendersOrFailsByName()
    {
        string[] values = [".", ".A", ".B", ".M", ".None", "$", "nil", "1", "-1", "2.5", "`<é😀>`", "true", "'x'", "(index .B 1)", "(slice .B 1)", "(print .B)", "9223372036854775807", "``"];
        string[] functions = ["and", "or", "not", "len", "index", "slice", "print", "printf `%5.2v|%x|%q|%T|%d|%g`", "println", "html", "js", "urlquery", "call", "eq", "ne", "lt", "le", "gt", "ge", "json", "currentDate", "toTypeScriptType"];
        var random = new Random(6);
        for (var round = 0; round < 20_000; round++)
        {
            var source = new StringBuilder("{{").Append(functions[random.Next(functions.Length)]);
            for (var value = random.Next(5); value > 0; value--)
            {
                source.Append(' ').Append(values[random.Next(values.Length)]);
            }

            source.Append(random.Next(4) == 0 ? $" | {functions[random.Next(functions.Length)]}" : "").Append("}}");
            try
            {
                GoRendering.Run(source.ToString(), """{"A":"t","B":[1,[2,"x"],null],"M":{"k":{"l":1}}}""", new JinjaLimits(20_000, 100_000));
            }
            catch (JinjaException)
            {
                // Refused by name, as it should be.
            }
        }
    }

    private static string Times(string text, int count) => new StringBuilder().Insert(0, text, count).ToString();
}
