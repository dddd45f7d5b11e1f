using System.Text;
using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Tests.Prompting.Jinja;

/// <summary>A chat template comes from a file that anyone may have made: it ends at its limits and reaches nothing but its data.</summary>
public sealed class HostileTemplateTests
{
    [Theory]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}")]
    [InlineData("{% for i in range(1000000000000) %}{% endfor %}")]
    [InlineData("{{ range(-9223372036854775807, 9223372036854775807)|list|length }}")]
    [InlineData("{{ 'a' * 1000000000000 }}")]
    [InlineData("{{ [1] * 1000000000000 }}")]
    [InlineData("{% set ns = namespace(s='aaaaaaaaaaaaaaaa') %}{% for i in range(1000) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s|length }}")]
    [InlineData("{% set ns = namespace(s=[1, 2]) %}{% for i in range(1000) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s|length }}")]
    [InlineData("{% set ns = namespace(s='ab') %}{% for i in range(100000) %}{% set ns.s = ns.s|replace('', ns.s) %}{% endfor %}")]
    [InlineData("{% set ns = namespace(s='ab') %}{% for i in range(64) %}{% set ns.s = ns.s|tojson %}{% endfor %}")]
    [InlineData("{{ ''|center(1000000000000) }}")]
    [InlineData("{{ 'a'|indent(1000000000000, true) }}")]
    [InlineData("{{ [1]|tojson(indent=1000000000) }}")]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}")]
    [InlineData("{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}")]
    [InlineData("{% macro f(a) %}{{ caller() }}{% endmacro %}{% macro g() %}{% call f(1) %}{{ g() }}{% endcall %}{% endmacro %}{{ g() }}")]
    [InlineData("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}")]
    [InlineData("{% set l = [] %}{% set _ = l.append(l) %}{{ l }}")]
    [InlineData("{% set l = [] %}{% set _ = l.append(l) %}{{ l|tojson }}")]
    [InlineData("{% set l = [] %}{% set k = [] %}{% set _ = l.append(k) %}{% set _ = k.append(l) %}{{ l == k }}")]
    [InlineData("{% set l = [] %}{% set _ = l.append(l) %}{% set k = [] %}{% set _ = k.append(k) %}{{ [l, k]|sort }}")]
    [InlineData("{% set l = [1] %}{% for i in range(1000) %}{% set _ = l.extend(l) %}{% endfor %}")]
    [InlineData("{% set d = {} %}{% set _ = d.update(d=d) %}{{ d }}{{ d == {'d': d} }}")]
    [InlineData("{% for i in range(900000) %}{% endfor %}{% for i in range(900000) %}{% endfor %}")]
    [InlineData("{% for i in range(2000) %}{{ range(900)|sort|join }}{% endfor %}")]
    [InlineData("{% for a in range(1000) %}{% set s %}{{ 'x' * 1000000 }}{% endset %}{% endfor %}")]
    public void GGUF8_TemplateThatDoesNotEnd_IsStoppedByName(string template)
    {
        var exception = Assert.Throws<JinjaException>(() => Rendering.Run(template));
        Assert.True(exception.Error is JinjaError.Limit or JinjaError.Value, exception.Message);
        Assert.StartsWith("template 'test', line 1: ", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("s.lstrip()")]
    [InlineData("s.strip('y')")]
    [InlineData("s.partition('y')")]
    [InlineData("s.removeprefix(' ')")]
    [InlineData("s.find('y')")]
    [InlineData("s[0]")]
    [InlineData("s[5:1]")]
    [InlineData("s|length")]
    [InlineData("s|int")]
    [InlineData("s == t")]
    [InlineData("s < t")]
    [InlineData("s in {}")]
    [InlineData("{}[s]")]
    [InlineData("{}.get(s)")]
    [InlineData("{s: 1}")]
    [InlineData("s is upper")]
    [InlineData("[s]|unique")]
    [InlineData("[s, t]|sort")]
    public void GGUF8_OperationOnALongText_CostsItsLength(string expression)
    {
        // A hundred times 100,000 characters are more than 100,000 steps of 64.
        var template = "{% set s = ' ' ~ 'x' * 100000 %}{% set t = ' ' ~ 'x' * 100000 %}{% for i in range(100) %}{% set r = " + expression + " %}{% endfor %}";
        var exception = Assert.Throws<JinjaException>(() => Rendering.Run(template, limits: new JinjaLimits(330_000, 1 << 20)));
        Assert.Contains("Limits:TemplateSteps", exception.Message, StringComparison.Ordinal);
        Rendering.Run(template.Replace("range(100)", "range(10)", StringComparison.Ordinal), limits: new JinjaLimits(330_000, 1 << 20));
    }

    [Fact]
    public void GGUF8_RefusalOfAnyLength_IsCut()
    {
        var exception = Assert.Throws<JinjaException>(() => Rendering.Run("{{ raise_exception('x' * 100000) }}"));
        Assert.InRange(exception.Message.Length, 400, 500);
    }

    [Fact]
    public void GGUF8_Limits_AreNamedInTheError()
    {
        var steps = Assert.Throws<JinjaException>(() => Rendering.Run("{% for i in range(200) %}x{% endfor %}", limits: new JinjaLimits(100, 1000)));
        Assert.Contains("more than 100 steps (Limits:TemplateSteps)", steps.Message, StringComparison.Ordinal);
        var bytes = Assert.Throws<JinjaException>(() => Rendering.Run("{{ 'x' * 1001 }}", limits: new JinjaLimits(10_000, 1000)));
        Assert.Contains("more than 1000 bytes (Limits:TemplateBytes)", bytes.Message, StringComparison.Ordinal);
        Assert.Throws<JinjaException>(() => Rendering.Run("{{ 'é' * 501 }}", limits: new JinjaLimits(10_000, 1000)));
        Assert.Equal(1000, Rendering.Run("{{ 'x' * 1000 }}", limits: new JinjaLimits(10_000, 1000)).Length);
    }

    [Theory]
    [InlineData("(", "1", ")")]
    [InlineData("[", "1", "]")]
    [InlineData("not ", "1", "")]
    [InlineData("-", "1", "")]
    [InlineData("{'a': ", "1", "}")]
    [InlineData("1 if 1 else ", "1", "")]
    [InlineData("x(", "1", ")")]
    public void GGUF8_DeepExpression_DoesNotCompile(string open, string inner, string close)
    {
        var template = $"{{{{ {string.Concat(Enumerable.Repeat(open, 20_000))}{inner}{string.Concat(Enumerable.Repeat(close, 20_000))} }}}}";
        Assert.Equal(JinjaError.Limit, Assert.Throws<JinjaException>(() => JinjaTemplate.Compile("test", template)).Error);
    }

    [Theory]
    [InlineData("a", ".a", "")]
    [InlineData("a", "['a']", "")]
    [InlineData("'x'", "|trim", "")]
    [InlineData("1", " is defined", "")]
    [InlineData("a", "()", "")]
    public void GGUF8_LongPostfix_IsStoppedBeforeTheStackEnds(string start, string link, string end)
    {
        var template = $"{{{{ {start}{string.Concat(Enumerable.Repeat(link, 20_000))}{end} }}}}";
        Assert.Equal(JinjaError.Limit, Assert.Throws<JinjaException>(() => Rendering.Run(template)).Error);
    }

    [Theory]
    [InlineData(" + 1", "20001")]
    [InlineData(" and 1", "1")]
    [InlineData(" ~ 1", null)]
    [InlineData(" == 1", "True")]
    public void Render_LongFlatExpression_Works(string link, string? expected)
    {
        var rendered = Rendering.Run($"{{{{ 1{string.Concat(Enumerable.Repeat(link, 20_000))} }}}}", limits: new JinjaLimits(10_000_000, 1 << 20));
        Assert.Equal(expected ?? new string('1', 20_001), rendered);
    }

    [Fact]
    public void GGUF8_NestedStatements_DoNotCompile()
    {
        var template = string.Concat(Enumerable.Repeat("{% if 1 %}", 1000)) + string.Concat(Enumerable.Repeat("{% endif %}", 1000));
        Assert.Equal(JinjaError.Limit, Assert.Throws<JinjaException>(() => JinjaTemplate.Compile("test", template)).Error);
        var elifs = "{% if 0 %}" + string.Concat(Enumerable.Repeat("{% elif 0 %}", 5000)) + "{% else %}x{% endif %}";
        Assert.Equal("x", Rendering.Run(elifs));
    }

    [Fact]
    public void GGUF8_LongTemplate_DoesNotCompile() =>
        Assert.Equal(JinjaError.Limit, Assert.Throws<JinjaException>(() => JinjaTemplate.Compile("test", new string('x', JinjaLimits.SourceChars + 1))).Error);

    [Fact]
    public void GGUF8_DeepMacros_FitTheSmallStackOfAThread()
    {
        var inner = string.Concat(Enumerable.Repeat("(", 30)) + "f(n - 1)" + string.Concat(Enumerable.Repeat(")", 30));
        var template = "{% macro f(n) %}{% if n > 0 %}{% if n %}{% if n %}{{ 'x' ~ ([[" + inner + "]][0])[0] }}{% endif %}{% endif %}{% endif %}{% endmacro %}{{ f(N) }}";
        string? shallow = null;
        JinjaException? deep = null;
        var thread = new Thread(
            () =>
            {
                shallow = Rendering.Run(template.Replace("N", "20", StringComparison.Ordinal));
                deep = Assert.Throws<JinjaException>(() => Rendering.Run(template.Replace("N", "70", StringComparison.Ordinal)));
            },
            512 * 1024);
        thread.Start();
        thread.Join();
        Assert.Equal(new string('x', 20), shallow);
        Assert.Equal(JinjaError.Limit, deep?.Error);
    }

    [Theory]
    [InlineData("{{ ''.__class__ }}{{ ''.__class__.__mro__[1].__subclasses__ }}")]
    [InlineData("{{ x.GetType }}{{ x.Value }}{{ x.Runs }}{{ x.Length }}")]
    [InlineData("{{ xs.Items }}{{ xs.__init__.__globals__ }}{{ xs.Capacity }}")]
    [InlineData("{{ d.Entries }}{{ d.Count }}{{ d['__class__'] }}")]
    [InlineData("{{ self }}{{ self.__init__ }}{{ config }}{{ request }}{{ cycler }}{{ joiner }}{{ lipsum }}{{ url_for }}{{ get_flashed_messages }}")]
    [InlineData("{{ loop }}{{ caller }}{{ varargs }}{{ environ }}{{ os }}")]
    [InlineData("{% for i in [1] %}{{ loop.Recurse }}{{ loop.__class__ }}{{ loop['Get'] }}{% endfor %}")]
    [InlineData("{% macro f() %}{% endmacro %}{{ f.Name }}{{ f.__globals__ }}{{ f.Call }}{{ range.__self__ }}{{ f.func_globals }}")]
    [InlineData("{{ (1).__class__ }}{{ (1.5).real }}{{ true.ToString }}{{ none.__class__ }}{{ {}.__class__ }}")]
    [InlineData("{{ x|map(attribute='__class__')|join }}{{ [x]|map(attribute='GetType')|join }}{{ [d]|selectattr('__class__')|list|length or '' }}")]
    public void GGUF8_AttributesOfObjects_AreUndefined(string template) =>
        Assert.Equal("", Rendering.Run(template, """{"x":"abc","xs":[1],"d":{"a":1}}"""));

    [Fact]
    public void Compile_MutatedTemplates_EndInTextOrException()
    {
        string[] seeds =
        [
            "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m.content|trim + '<|im_end|>' }}{% endfor %}{% if add %}{{ 'x' }}{% endif %}",
            "{%- macro f(a, b=1) -%}{{ a|tojson(indent=2) ~ b }}{%- endmacro %}{{ f(messages[1:], b=[1, {'k': none}]) }}{# c #}",
            "{% set ns = namespace(n=0, s='') %}{% for c in 'abc' if c != 'b' recursive %}{% set ns.n = ns.n + loop.index * 2 ** 3 %}{% endfor %}{{ ns.n }}",
            "{{ messages|selectattr('role', 'equalto', 'user')|map(attribute='content')|join(', ')|upper|replace('A', 'b')|default('x', true) }}{% filter indent(2) %}a\nb{% endfilter %}",
        ];
        string[] pieces = ["{%", "%}", "{{", "}}", "{#", "#}", "-", "(", ")", "[", "]", "|", "'", " if ", " else ", " in ", " not ", ".", "*", "**", "9999999999", "~", "loop", "range(99999)", "\\", "\n", "😀", "\ud800", "is", "and", ":", ",", "=", "{% endfor %}", "{% raw %}"];
        var random = new Random(20261122);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var limits = new JinjaLimits(20_000, 100_000);
        var (rendered, refused) = (0, 0);
        while (clock.Elapsed < TimeSpan.FromSeconds(2))
        {
            var text = new StringBuilder(seeds[random.Next(seeds.Length)]);
            for (var edits = random.Next(1, 6); edits > 0; edits--)
            {
                var at = random.Next(text.Length + 1);
                switch (random.Next(4))
                {
                    case 0:
                        text.Remove(Math.Min(at, text.Length - 1), Math.Min(random.Next(1, 8), text.Length - Math.Min(at, text.Length - 1)));
                        break;
                    case 1:
                        text.Insert(at, pieces[random.Next(pieces.Length)]);
                        break;
                    case 2:
                        var from = random.Next(text.Length);
                        text.Insert(at, text.ToString(from, Math.Min(random.Next(1, 40), text.Length - from)));
                        break;
                    default:
                        text[Math.Min(at, text.Length - 1)] = (char)random.Next(32, 127);
                        break;
                }

                if (text.Length == 0)
                {
                    text.Append('x');
                }
            }

            try
            {
                Rendering.Run(text.ToString(), """{"messages":[{"role":"user","content":" hé "},{"role":"assistant","content":"b"}],"add":true}""", limits);
                rendered++;
            }
            catch (JinjaException)
            {
                refused++;
            }
        }

        Assert.True(rendered > 50 && refused > 50, $"{rendered} rendered, {refused} refused");
    }
}
