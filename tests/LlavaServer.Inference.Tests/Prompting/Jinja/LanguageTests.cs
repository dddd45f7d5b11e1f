using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Tests.Prompting.Jinja;

/// <summary>Statements, expressions and white space, as Python's Jinja 3 with trim_blocks and lstrip_blocks renders them.</summary>
public sealed class LanguageTests
{
    private const string Data = """
        {"x":"abc","n":5,"f":2.5,"yes":true,"no":false,"nothing":null,"xs":[1,2,3],"words":["b","A","c"],"d":{"a":1,"b":"two"},
         "tree":[{"v":1,"c":[{"v":2,"c":[]},{"v":3,"c":[{"v":4,"c":[]}]}]}],"m":[{"role":"user","content":"hi"},{"role":"assistant","content":"yo"}]}
        """;

    [Theory]
    [InlineData("a\n{% if true %}\nb\n{% endif %}\nc\n", "a\nb\nc")]
    [InlineData("a\n   {% if true %}\nb\n   {% endif %}\nc", "a\nb\nc")]
    [InlineData("a  {% if true %} b {% endif %}  c", "a   b   c")]
    [InlineData("a  {%- if true -%} b {%- endif -%}  c", "abc")]
    [InlineData("a\n  {%+ if true %}\nb{% endif %}", "a\n  b")]
    [InlineData("{% if true +%}\nb{% endif %}", "\nb")]
    [InlineData("{{ 'x' }}\ny", "x\ny")]
    [InlineData("a  {{- 'x' -}}  y", "axy")]
    [InlineData("a\n  {# note #}\nb", "a\nb")]
    [InlineData("a {#- note -#} b", "ab")]
    [InlineData("{# {{ broken #}x", "x")]
    [InlineData("a\n\n", "a\n")]
    [InlineData("a\r\n{% if true %}\r\nb{% endif %}", "a\nb")]
    [InlineData("{% raw %}{{ x }}{% if %}{% endraw %}", "{{ x }}{% if %}")]
    [InlineData("{{ '}}' }}{{ \"%}\" }}{{ {'a': {'b': 1}}['a']['b'] }}", "}}%}1")]
    [InlineData("{ % } {a} }} %}", "{ % } {a} }} %}")]
    [InlineData("{% if\n  yes\n%}ok{%\nendif %}", "ok")]
    public void Render_WhiteSpace_IsTrimmedAsHuggingFaceDoes(string template, string expected) => Assert.Equal(expected, Rendering.Run(template, Data));

    [Theory]
    [InlineData("{{ 1 + 2 * 3 - 4 }}", "3")]
    [InlineData("{{ (1 + 2) * 3 }}", "9")]
    [InlineData("{{ 7 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ 2 ** -1 }}", "3.5 3 -4 1 2 1024 0.5")]
    [InlineData("{{ 1.0 }} {{ 0.1 + 0.2 }} {{ 1e3 }} {{ 10 / 5 }} {{ 2.5 * 2 }}", "1.0 0.30000000000000004 1000.0 2.0 5.0")]
    [InlineData("{{ -n }} {{ +n }} {{ - 2 + 3 }} {{ n - 1 }} {{ n -1 }}", "-5 5 1 4 4")]
    [InlineData("{{ 'a' ~ 1 ~ true ~ none ~ missing }}", "a1True")]
    [InlineData("{{ 'a' + 'b' ~ 'c' }}", "abc")]
    [InlineData("{{ 'ab' * 3 }}{{ 2 * '-' }}{{ [1] * 2 }}", "ababab--[1, 1]")]
    [InlineData("{{ [1] + [2, 3] }}{{ (1, 2) }}{{ (1,) }}{{ () }}", "[1, 2, 3](1, 2)(1,)()")]
    [InlineData("{{ 1 < 2 <= 2 != 3 > 1 >= 1 == 1 }}", "True")]
    [InlineData("{{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' == 'a' }} {{ 'a' == 1 }} {{ [1, {'k': 2}] == [1, {'k': 2}] }} {{ none == missing }}", "True True True False True False")]
    [InlineData("{{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }}", "True True")]
    [InlineData("{{ 2 in xs }} {{ 'bc' in x }} {{ 'a' in d }} {{ 9 not in xs }} {{ 1 in missing }}", "True True True True False")]
    [InlineData("{{ not yes }} {{ not not no }} {{ not n is defined }} {{ not 9 in xs }}", "False False False True")]
    [InlineData("{{ '' or 'b' }} {{ 'a' and 'b' }} {{ 0 and 1 }} {{ none or [] or 'z' }}", "b b 0 z")]
    [InlineData("{{ 'y' if yes else 'n' }}{{ 'y' if no else 'm' if yes else 'n' }}{{ 'y' if no }}", "ym")]
    [InlineData("{{ x[0] }}{{ x[-1] }}{{ x[1:] }}{{ x[:-1] }}{{ x[::-1] }}{{ x[9] }}", "acbcabcba")]
    [InlineData("{{ xs[0] }} {{ xs[-1] }} {{ xs[1:] }} {{ xs[:2] }} {{ xs[::2] }} {{ xs[::-1] }} {{ xs[5:] }} {{ xs[-9:9] }} {{ xs[2:0:-1] }}", "1 3 [2, 3] [1, 2] [1, 3] [3, 2, 1] [] [1, 2, 3] [3, 2]")]
    [InlineData("{{ '\\U' }}{{ '\\n' }}{{ '\\u00e9\\x41\\'\\\"\\\\' }}{{ 'a' 'b' }}", "\\U\n\u00e9A'\"\\ab")]
    [InlineData("{{ d.a }}{{ d['b'] }}{{ d.missing }}{{ d['a'] }}{{ m[0].role }}{{ m[-1]['content'] }}{{ missing.a.b }}", "1two1useryo")]
    [InlineData("{{ {'a': 1, 'b': [true, none, 'it\\'s', 1.5]} }}", "{'a': 1, 'b': [True, None, \"it's\", 1.5]}")]
    [InlineData("{{ {1: 'a', 'k': 'b'}[1] }}", "a")]
    [InlineData("{{ True }}{{ False }}{{ None }}", "TrueFalse")]
    [InlineData("{{ '😀x'|length }} {{ '😀x'[0] }} {{ '😀x'[1:] }} {{ '😀x'[::-1] }}", "2 😀 x x😀")]
    [InlineData("{{ '%s is %d' % ('a', 3) }} {{ '%.2f%%' % 1.5 }} {{ '{} {1} {k}'.format('a', 'b', k='c') }} {{ '{{}}'.format() }}", "a is 3 1.50% a b c {}")]
    public void Render_Expression_HasPythonsValue(string template, string expected) => Assert.Equal(expected, Rendering.Run(template, Data));

    [Theory]
    [InlineData("{% if no %}a{% elif n > 4 %}b{% else %}c{% endif %}", "b")]
    [InlineData("{% if missing %}a{% elif no %}b{% else %}c{% endif %}", "c")]
    [InlineData("{% for i in xs %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}", "1,2,3")]
    [InlineData("{% for i in [] %}x{% else %}empty{% endfor %}", "empty")]
    [InlineData("{% for i in missing %}x{% else %}empty{% endfor %}", "empty")]
    [InlineData("{% for i in xs if i != 2 %}{{ loop.index }}{{ i }}/{{ loop.length }} {% endfor %}", "11/2 23/2 ")]
    [InlineData("{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "a=1;b=two;")]
    [InlineData("{% for k in d %}{{ k }}{% endfor %}{% for c in x %}{{ c }}-{% endfor %}", "aba-b-c-")]
    [InlineData("{% for (a, (b, c)) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "123")]
    [InlineData("{% for i in xs %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.previtem }}{{ loop.nextitem }} {% endfor %}", "032True2 121False13 210False2 ")]
    [InlineData("{% for i in xs %}{{ loop.cycle('a', 'b') }}{% if loop.changed(i // 2) %}!{% endif %}{% endfor %}", "a!b!a")]
    [InlineData("{% for i in xs %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}{% for i in xs %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}", "131")]
    [InlineData("{% for i in xs %}{% for j in 'ab' %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}", "121 122 123 ")]
    [InlineData("{% for t in tree recursive %}{{ t.v }}@{{ loop.depth }}({{ loop(t.c) }}){% endfor %}", "1@1(2@2()3@2(4@3()))")]
    [InlineData("{% set a = 1 %}{% for i in xs %}{% set a = a + i %}{% endfor %}{{ a }}", "1")]
    [InlineData("{% set ns = namespace(a=1) %}{% for i in xs %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}", "7")]
    [InlineData("{% if yes %}{% set a = 2 %}{% endif %}{{ a }}", "2")]
    [InlineData("{% set a, b = 1, 'z' %}{{ b }}{{ a }}", "z1")]
    [InlineData("{% set t %}x{{ n }}y{% endset %}{{ t|upper }}{% set u | trim | upper %} q {% endset %}{{ u }}", "X5YQ")]
    [InlineData("{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}", "12")]
    [InlineData("{% filter upper %}a{{ x }}{% endfilter %}{% filter replace('a', 'b') | trim %} aa {% endfilter %}", "AABCbb")]
    [InlineData("{% generation %}a{% endgeneration %}", "a")]
    [InlineData("{% macro f(a, b=2, c='q') %}{{ a }}{{ b }}{{ c }};{% endmacro %}{{ f(1) }}{{ f(1, c='z') }}{{ f(b=5, a=4) }}{{ f() }}", "12q;12z;45q;2q;")]
    [InlineData("{% macro f(a) %}{{ a }}{% if a > 0 %}{{ f(a - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "3210")]
    [InlineData("{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, k=2) }}", "(1,){'k': 2}")]
    [InlineData("{% macro f(t) %}<{{ caller() }}|{{ t }}>{% endmacro %}{% call f('x') %}in{{ n }}{% endcall %}", "<in5|x>")]
    [InlineData("{% macro f() %}{{ caller('a', 2) }}{% endmacro %}{% call(p, q=3) f() %}{{ p }}{{ q }}{% endcall %}", "a2")]
    [InlineData("{% macro f(a) %}{{ a }}{{ g }}{% endmacro %}{% set g = 'late' %}{{ f(*[1]) }}{{ f(**{'a': 2}) }}", "1late2late")]
    [InlineData("{% set f = 'shadow' %}{% macro g() %}{{ f }}{% set f = 'inner' %}{{ f }}{% endmacro %}{{ g() }}{{ f }}", "shadowinnershadow")]
    public void Render_Statement_DoesWhatJinjaDoes(string template, string expected) => Assert.Equal(expected, Rendering.Run(template, Data));

    [Theory]
    [InlineData("line one\n{% if %}", 2, "unexpected")]
    [InlineData("{{ 1 + }}", 1, "unexpected")]
    [InlineData("{% for x in xs %}\n\n{% endif %}", 3, "is not supported")]
    [InlineData("{% if yes %}\n\n", 2, "'endif' is missing")]
    [InlineData("\n\n{{ x | nosuch }}", 3, "filter 'nosuch'")]
    [InlineData("{{ x is nosuch }}", 1, "test 'nosuch'")]
    [InlineData("{% include 'file' %}", 1, "statement 'include'")]
    [InlineData("{% import 'file' as f %}", 1, "statement 'import'")]
    [InlineData("{% extends 'file' %}", 1, "statement 'extends'")]
    [InlineData("{{ 'open }}", 1, "string is not closed")]
    [InlineData("{{ x", 1, "'}}' is missing")]
    [InlineData("{# open", 1, "comment is not closed")]
    [InlineData("{{ a ? b }}", 1, "unexpected character '?'")]
    [InlineData("{{ 99999999999999999999 }}", 1, "too large")]
    public void Compile_NotATemplate_NamesTemplateAndLine(string template, int line, string reason)
    {
        var exception = Assert.Throws<JinjaException>(() => Rendering.Run(template, Data));
        Assert.Equal((JinjaError.Syntax, line), (exception.Error, exception.Line));
        Assert.StartsWith($"template 'test', line {line}: ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\n{{ x() }}", 2, "'x' cannot be called")]
    [InlineData("{{ x.nosuch() }}", 1, "'nosuch' cannot be called")]
    [InlineData("{% for i in n %}{% endfor %}", 1, "cannot be iterated")]
    [InlineData("{{ 1 / 0 }}", 1, "division by zero")]
    [InlineData("{{ 1 < 'a' }}", 1, "cannot be compared")]
    [InlineData("{{ xs - 1 }}", 1, "does not work on")]
    [InlineData("{{ 9223372036854775807 + 1 }}", 1, "too large")]
    [InlineData("{% set x.y = 1 %}", 1, "not a namespace")]
    [InlineData("{% set a, b = [1] %}", 1, "1 values for 2 names")]
    [InlineData("{{ {[1]: 2} }}", 1, "cannot be a key")]
    [InlineData("{{ x[::0] }}", 1, "slice is zero")]
    [InlineData("{% for i in xs %}{{ loop(xs) }}{% endfor %}", 1, "not marked 'recursive'")]
    public void Render_WrongKindOfValue_NamesTemplateAndLine(string template, int line, string reason)
    {
        var exception = Assert.Throws<JinjaException>(() => Rendering.Run(template, Data));
        Assert.Equal((JinjaError.Value, line), (exception.Error, exception.Line));
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_RaiseException_CarriesTheTemplatesWords()
    {
        var exception = Assert.Throws<JinjaException>(() => Rendering.Run("\n{{ raise_exception('Roles must ' ~ 'alternate') }}"));
        Assert.Equal((JinjaError.Raised, 2, "Roles must alternate"), (exception.Error, exception.Line, exception.Reason));
    }

    [Theory]
    [InlineData("%d %b %Y", "05 Mar 2026")]
    [InlineData("%Y-%m-%d %H:%M:%S", "2026-03-05 09:07:03")]
    [InlineData("%-d %B %y, %A %a %I%p %j %e %%", "5 March 26, Thursday Thu 09AM 064  5 %")]
    public void StrftimeNow_Format_IsWrittenAsC(string format, string expected)
    {
        var now = new DateTimeOffset(2026, 3, 5, 9, 7, 3, TimeSpan.Zero);
        var rendered = JinjaTemplate.Compile("test", "{{ strftime_now('" + format + "') }}")
            .Render([KeyValuePair.Create<string, object?>("strftime_now", JinjaClock.Function(now))], Rendering.Limits);
        Assert.Equal(expected, rendered.Value);
    }
}
