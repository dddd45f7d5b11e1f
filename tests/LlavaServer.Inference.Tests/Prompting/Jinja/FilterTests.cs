namespace LlavaServer.Inference.Tests.Prompting.Jinja;

/// <summary>Filters, tests and methods, as Python's Jinja 3; <c>tojson</c> as Hugging Face sets it.</summary>
public sealed class FilterTests
{
    private const string Data = """
        {"x":" aBc ","n":-5,"f":2.567,"nothing":null,"xs":[3,1,2,1],"words":["b","A","c","a"],"d":{"b":1,"A":"two"},"e":"",
         "m":[{"role":"user","content":"hi","n":2},{"role":"assistant","content":"yo","n":1},{"role":"user"}],"html":"<a href=\"x\">'&"}
        """;

    [Theory]
    [InlineData("{{ x|trim }}|{{ x|upper }}|{{ x|lower }}|{{ 'hello wORLD'|title }}|{{ 'hELLO'|capitalize }}", "aBc| ABC | abc |Hello World|Hello")]
    [InlineData("{{ 'xxaxx'|trim('x') }}{{ n|abs }}{{ (-2.5)|abs }}{{ n|string + 'a' }}", "a52.5-5a")]
    [InlineData("{{ 'aXbX'|replace('X', '-') }}{{ 'aaa'|replace('a', 'b', 2) }}{{ 'ab'|replace('', '.') }}", "a-b-bba.a.b.")]
    [InlineData("{{ '12'|int + 1 }}{{ 'x'|int }}{{ 'x'|int(7) }}{{ '2.9'|int }}{{ 2.9|int }}{{ '1.5'|float }}{{ 'q'|float(0.5) }}", "13072" + "21.50.5")]
    [InlineData("{{ f|round }} {{ f|round(2) }} {{ f|round(1, 'floor') }} {{ f|round(0, 'ceil') }}", "3.0 2.57 2.5 3.0")]
    [InlineData("{{ missing|default('a') }}{{ e|default('a') }}{{ e|default('b', true) }}{{ nothing|default('c') }}{{ e|d('d', boolean=true) }}{{ missing|default }}", "abcd")]
    [InlineData("{{ xs|length }}{{ d|count }}{{ x|length }}{{ missing|length }}", "4250")]
    [InlineData("{{ xs|first }}{{ xs|last }}{{ x|first }}{{ []|first }}{{ d|first }}", "31 b")]
    [InlineData("{{ xs|join }}{{ xs|join(', ') }}{{ m|join('+', attribute='role') }}{{ 'abc'|join('-') }}", "31213, 1, 2, 1user+assistant+usera-b-c")]
    [InlineData("{{ xs|sort }}{{ xs|sort(reverse=true) }}{{ words|sort }}{{ words|sort(case_sensitive=true) }}{{ (m[:2]|sort(attribute='n'))[0].role }}", "[1, 1, 2, 3][3, 2, 1, 1]['A', 'a', 'b', 'c']['A', 'a', 'b', 'c']assistant")]
    [InlineData("{{ xs|unique|list }}{{ words|unique|list }}{{ m|unique(attribute='role')|list|length }}", "[3, 1, 2]['b', 'A', 'c']2")]
    [InlineData("{{ xs|reverse|list }}{{ 'abc'|reverse }}{{ xs|min }}{{ xs|max }}{{ xs|sum }}{{ m[:2]|sum(attribute='n') }}", "[1, 2, 1, 3]cba13" + "73")]
    [InlineData("{{ 'ab'|list }}{{ d|list }}{{ xs|batch(3)|list }}", "['a', 'b']['b', 'A'][[3, 1, 2], [1]]")]
    [InlineData("{{ d|items|list }}{{ d|dictsort }}{{ d|dictsort(reverse=true) }}{{ {'a': 2, 'b': 1}|dictsort(by='value') }}", "[('b', 1), ('A', 'two')][('A', 'two'), ('b', 1)][('b', 1), ('A', 'two')][('b', 1), ('a', 2)]")]
    [InlineData("{{ m|map(attribute='role')|list }}{{ m|map(attribute='content', default='-')|join }}{{ words|map('upper')|join }}{{ xs|map('string')|join('') }}", "['user', 'assistant', 'user']hiyo-BACA3121")]
    [InlineData("{{ xs|select('odd')|list }}{{ xs|reject('odd')|list }}{{ [0, 1, '']|select|list }}{{ xs|select('gt', 1)|list }}", "[3, 1, 1][2][1][3, 2]")]
    [InlineData("{{ m|selectattr('role', 'equalto', 'user')|list|length }}{{ m|selectattr('content')|list|length }}{{ m|rejectattr('role', '==', 'user')|map(attribute='content')|first }}{{ m|selectattr('content', 'defined')|list|length }}{{ m|selectattr('role', 'in', ['user'])|list|length }}", "22yo22")]
    [InlineData("{{ 'a\nb\n\nc'|indent }}|{{ 'a\nb'|indent(2, true) }}|{{ 'a\n\nb'|indent('>', blank=true) }}", "a\n    b\n\n    c|  a\n  b|a\n>\n>b")]
    [InlineData("{{ html|escape }}{{ html|safe }}{{ 'a b  c'|wordcount }}{{ 'a'|center(5) }}.{{ '%s-%s'|format(1, 'b') }}", "&lt;a href=&#34;x&#34;&gt;&#39;&amp;<a href=\"x\">'&3  a  .1-b")]
    public void Filter_Value_IsAsInJinja(string template, string expected) => Assert.Equal(expected, Rendering.Run(template, Data));

    [Theory]
    [InlineData("{{ {'a': [1, 2.0, true, none, 'é\"\\n<'], 'b': {}, 'c': []}|tojson }}", "{\"a\": [1, 2.0, true, null, \"é\\\"\\n<\"], \"b\": {}, \"c\": []}")]
    [InlineData("{{ {'a': [1], 'b': {}}|tojson(indent=2) }}", "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}")]
    [InlineData("{{ [1, {'a': 2}]|tojson(separators=(',', ':')) }}", "[1,{\"a\":2}]")]
    [InlineData("{{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }}{{ 'é'|tojson(ensure_ascii=true) }}{{ 'é'|tojson(ensure_ascii=false) }}", "{\"a\": 2, \"b\": 1}\"\\u00e9\"\"é\"")]
    [InlineData("{{ missing|tojson }}{{ {1: 2}|tojson }}{{ '\\u0001\\u007f'|tojson }}", "null{\"1\": 2}\"\\u0001\u007f\"")]
    public void ToJson_Value_IsAsPythonDumps(string template, string expected) => Assert.Equal(expected, Rendering.Run(template, Data));

    [Theory]
    [InlineData("x is defined", true)]
    [InlineData("missing is defined", false)]
    [InlineData("missing is undefined", true)]
    [InlineData("nothing is none", true)]
    [InlineData("nothing is not none", false)]
    [InlineData("x is string", true)]
    [InlineData("n is number and n is integer and f is float and not f is integer", true)]
    [InlineData("true is boolean and true is not integer", true)]
    [InlineData("true is true and false is false and 1 is not true", true)]
    [InlineData("d is mapping and xs is not mapping", true)]
    [InlineData("xs is sequence and x is sequence and d is sequence and n is not sequence", true)]
    [InlineData("xs is iterable and x is iterable and d is iterable and n is not iterable", true)]
    [InlineData("range is callable and x is not callable", true)]
    [InlineData("3 is odd and 4 is even and 9 is divisibleby(3) and 9 is divisibleby 3", true)]
    [InlineData("'a' is lower and 'A' is upper and 'a1' is lower", true)]
    [InlineData("n is eq(-5) and n is equalto -5 or 1 is ne 2", true)]
    [InlineData("1 is lt 2 and 2 is ge(2) and 3 is gt 2 and 2 is le 2 and 1 is lessthan 2 and 3 is greaterthan 2", true)]
    [InlineData("1 is in [1, 2] and 'z' is not in 'abc'", true)]
    [InlineData("'upper' is filter and 'odd' is test and 'zzz' is not filter", true)]
    [InlineData("none is sameas none and xs is sameas xs and [1] is not sameas [1]", true)]
    public void Test_Value_IsAsInJinja(string condition, bool expected) =>
        Assert.Equal(expected ? "y" : "n", Rendering.Run("{{ 'y' if " + condition + " else 'n' }}", Data));

    [Theory]
    [InlineData("{{ x.strip() }}{{ 'xay'.strip('xy') }}{{ ' a '.lstrip() }}{{ ' a '.rstrip() }}.", "aBcaa  a.")]
    [InlineData("{{ 'a,b,,c'.split(',') }}{{ ' a  b '.split() }}{{ 'a,b,c'.split(',', 1) }}{{ 'a,b,c'.rsplit(',', 1) }}{{ ' a b c'.split(None, 1) }}", "['a', 'b', '', 'c']['a', 'b']['a', 'b,c']['a,b', 'c']['a', 'b c']")]
    [InlineData("{{ 'abc'.startswith('a') }}{{ 'abc'.endswith(('x', 'c')) }}{{ 'abc'.startswith('b') }}", "TrueTrueFalse")]
    [InlineData("{{ 'aXb'.replace('X', '') }}{{ 'ab'.upper() }}{{ 'AB'.lower() }}{{ 'a b'.title() }}{{ 'aB'.capitalize() }}", "abABabA BAb")]
    [InlineData("{{ 'a\nb\r\nc'.splitlines() }}{{ 'a=b=c'.partition('=') }}{{ 'a=b=c'.rpartition('=') }}", "['a', 'b', 'c']('a', '=', 'b=c')('a=b', '=', 'c')")]
    [InlineData("{{ 'banana'.find('an') }}{{ 'banana'.rfind('an') }}{{ 'banana'.count('a') }}{{ 'b'.find('z') }}", "133-1")]
    [InlineData("{{ 'prefix-a'.removeprefix('prefix-') }}{{ 'a.txt'.removesuffix('.txt') }}{{ '-'.join(['a', 'b']) }}", "aaa-b")]
    [InlineData("{{ '12'.isdigit() }}{{ 'a1'.isalnum() }}{{ 'ab'.isalpha() }}{{ ' '.isspace() }}{{ 'A'.isupper() }}{{ 'A'.islower() }}", "TrueTrueTrueTrueTrueFalse")]
    [InlineData("{{ d.get('b') }}{{ d.get('z') }}{{ d.get('z', 9) }}{{ d.keys()|list }}{{ d.values()|list }}{{ d.items()|list }}", "19['b', 'A'][1, 'two'][('b', 1), ('A', 'two')]")]
    [InlineData("{% set l = [] %}{% set _ = l.append(1) %}{% set _ = l.extend([2, 3]) %}{% set _ = l.insert(0, 0) %}{{ l }}{{ l.pop() }}{{ l.pop(0) }}{{ l }}{{ l.index(2) }}{{ l.count(1) }}", "[0, 1, 2, 3]30[1, 2]11")]
    [InlineData("{% set c = {'a': 1} %}{% set _ = c.update({'b': 2}) %}{% set _ = c.update(z=3) %}{{ c }}{{ c.pop('a') }}{{ c.setdefault('q', 4) }}{{ c.copy() }}", "{'a': 1, 'b': 2, 'z': 3}14{'b': 2, 'z': 3, 'q': 4}")]
    [InlineData("{{ range(3)|list }}{{ range(1, 4)|list }}{{ range(5, 0, -2)|list }}{{ range(3, 0)|list }}{{ dict(a=1) }}{{ namespace(a=1).a }}", "[0, 1, 2][1, 2, 3][5, 3, 1][]{'a': 1}1")]
    [InlineData("{% set o = {'items': 1, 'get': 2} %}{{ o['items'] }}{{ o['get'] }}{{ o.items()|list|length }}", "122")]
    public void Method_Value_IsAsInPython(string template, string expected) => Assert.Equal(expected, Rendering.Run(template, Data));
}
