using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Tests.Prompting.Jinja;

/// <summary>Text of a request keeps its mark through everything that a template can do with it; in brackets what came with the request.</summary>
public sealed class MarkTests
{
    [Theory]
    [InlineData("<{{ x }}>", "<[ab cd]>")]
    [InlineData("{{ '<' + x + '>' }}{{ '<' ~ x }}", "<[ab cd]><[ab cd]")]
    [InlineData("{{ x|upper }}{{ x|title }}{{ x|capitalize }}", "[AB CDAb CdAb cd]")]
    [InlineData("{{ (' ' + x + ' ')|trim }}", "[ab cd]")]
    [InlineData("{{ x|replace(' ', '<s>') }}", "[ab]<s>[cd]")]
    [InlineData("{{ 'a-b'|replace('-', x) }}", "a[ab cd]b")]
    [InlineData("{{ x.split(' ')|join('|') }}", "[ab]|[cd]")]
    [InlineData("{{ x[0] }}{{ x[1:] }}{{ x[::-1] }}{{ x|first }}{{ x|reverse }}", "[ab cddc baadc ba]")]
    [InlineData("{{ x|tojson }}{{ [x]|string }}", "\"[ab cd]\"['[ab cd]']")]
    [InlineData("{{ q|tojson }}", "\"[\\\"<\\n]\"")]
    [InlineData("{{ x|indent(1, true) }}{{ x * 2 }}{{ x|center(7) }}", " [ab cdab cdab cd] [ab cd] ")]
    [InlineData("{{ '%s!'|format(x) }}{{ '{}!'.format(x) }}{{ x|escape }}", "[ab cd]![ab cd]![ab cd]")]
    [InlineData("{% set c %}<{{ x }}>{% endset %}{{ c }}{% macro f(a) %}({{ a }}){% endmacro %}{{ f(x) }}", "<[ab cd]>([ab cd])")]
    [InlineData("{% filter upper %}a{{ x }}{% endfilter %}", "A[AB CD]")]
    [InlineData("{% for k, v in d.items() %}{{ k }}={{ v }}{% endfor %}", "[k]=[v]")]
    [InlineData("{% for k in d %}{{ k }}:{% endfor %}{{ d|tojson }}", "[k]:{\"[k]\": \"[v]\"}")]
    [InlineData("{% set ns = namespace(t='') %}{% for c in x %}{% set ns.t = ns.t + c + '.' %}{% endfor %}{{ ns.t }}", "[a].[b].[ ].[c].[d].")]
    [InlineData("{{ x.partition(' ')|join('|') }}{{ x.removeprefix('a') }}", "[ab]| |[cdb cd]")]
    public void Render_TextOfTheRequest_KeepsItsMark(string template, string expected) =>
        Assert.Equal(expected, Rendering.Marks(Rendering.Text(template, """{"x":"ab cd","q":"\"<\n","d":{"k":"v"}}""")));

    [Fact]
    public void Render_Picture_IsOneCharacterThatFiltersKeep()
    {
        var content = new JinjaTextBuilder(null).Append(JinjaText.Image(0)).Append(" what?", JinjaText.Input).Append(JinjaText.Image(1)).ToText();
        var rendered = JinjaTemplate.Compile("test", "USER: {{ c|trim|replace('what', 'who') }}").Render([KeyValuePair.Create<string, object?>("c", content)], Rendering.Limits);
        Assert.Equal("USER: #0[ ]who[?]#1", Rendering.Marks(rendered));
    }

    [Fact]
    public void Slice_EveryRange_HasTheMarksOfItsCharacters()
    {
        var text = new JinjaTextBuilder(null).Append("ab").Append("cde", JinjaText.Input).Append("f").Append("g", JinjaText.FirstImage).Append("hi").ToText();
        int[] marks = [0, 0, 1, 1, 1, 0, 2, 0, 0];
        for (var start = 0; start <= text.Length; start++)
        {
            for (var length = 0; start + length <= text.Length; length++)
            {
                var slice = text.Slice(start, length);
                Assert.Equal(text.Value.Substring(start, length), slice.Value);
                for (var i = 0; i < length; i++)
                {
                    Assert.Equal(marks[start + i], slice.Runs[slice.RunAt(i)].Mark);
                }
            }
        }
    }
}
