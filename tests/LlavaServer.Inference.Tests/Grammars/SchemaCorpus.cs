using System.Globalization;

namespace LlavaServer.Inference.Tests.Grammars;

/// <summary>Schemas that can be held: some written by hand, most from tables over every keyword, the rest put together at random from those.</summary>
internal static class SchemaCorpus
{
    private static readonly string[] s_bounds = ["-1000", "-17", "-1", "0", "1", "7", "10", "99", "100", "12345"];

    private static readonly string[] s_decimals = ["-12.5", "-1", "-0.01", "0", "0.1", "0.125", "1", "9.99", "10", "314.159"];

    private static readonly string[] s_patterns =
    [
        "^[a-z]+$", "^[A-Z]{3}-[0-9]{4}$", "^(red|green|blue)$", "abc", "^x", "y$", "^\\\\d{3}$", "^\\\\w{1,8}$", "^\\\\S+$", "^[^a-z]{2}$", "^a.c$", "^a|b$",
        "^(ab?c*d+)$", "^(?:no|yes)$", "^[\\\"\\\\\\\\/]{3}$", "^\\\\s{2}$", "^[\\\\u00e0-\\\\u00ff]+$", "^\\\\x41\\\\u0042$", "^é*$", "^[a-]{2}$", "^\\\\.\\\\*$",
        "^(?<year>[0-9]{4})$", "^[0-9]+(\\\\.[0-9]{2})?$", "^$", "^(a{0,3}|b){2}$", "^\\\\D\\\\W$", "^#[0-9a-fA-F]{6}$", "^(😀){2}$", "^.{3,5}$", "^[\\\\d\\\\s]{4}$",
    ];

    private static readonly string[] s_formats =
        ["date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri", "json-pointer", "idn-email", "iri", "unheard-of"];

    public static IReadOnlyList<string> All { get; } = [.. Written(), .. Integers(), .. Numbers(), .. Strings(), .. Arrays(), .. Objects(), .. Combined(), .. Mixed(90)];

    private static IEnumerable<string> Written() =>
    [
        "true", "{}", """{"type":"object"}""", """{"type":"array"}""", """{"type":"string"}""", """{"type":"number"}""", """{"type":"integer"}""",
        """{"type":"boolean"}""", """{"type":"null"}""", """{"type":["string","null"]}""", """{"type":["integer","boolean","array"]}""",
        """{"enum":["a"]}""", """{"enum":["a","ab","abc","b"]}""", """{"enum":[1,2.5,-3,"x",null,true]}""", """{"enum":[{"a":[1,{"b":null}]},[],{}]}""",
        """{"const":"quote \" backslash \\ line \n tab \t é 😀 \u0001 \u007f"}""", """{"const":42}""", """{"const":{"k":"v"}}""", """{"type":"string","enum":["a",1]}""",
        """{"enum":["x","xyz","xyzzy"],"minLength":2,"maxLength":4}""", """{"enum":[1,5,9],"minimum":2,"exclusiveMaximum":9}""",
        """{"$ref":"#/$defs/a","$defs":{"a":{"type":"integer","minimum":3}}}""", """{"$ref":"#there","$defs":{"a":{"$anchor":"there","type":"boolean"}}}""",
        """{"$defs":{"a/b~c d":{"type":"null"}},"type":"array","items":{"$ref":"#/$defs/a~1b~0c%20d"},"minItems":1,"maxItems":2}""",
        """{"type":"object","properties":{"value":{"type":"integer"},"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["value","next"],"additionalProperties":false}""",
        """{"$defs":{"tree":{"type":"object","properties":{"name":{"type":"string","maxLength":5},"children":{"type":"array","items":{"$ref":"#/$defs/tree"},"maxItems":2}},"required":["name","children"]}},"$ref":"#/$defs/tree"}""",
        """{"definitions":{"p":{"type":"object","properties":{"x":{"type":"number"},"y":{"type":"number"}},"required":["x","y"]}},"type":"array","items":{"$ref":"#/definitions/p"},"minItems":2,"maxItems":3}""",
        """{"type":"object","properties":{"steps":{"type":"array","items":{"type":"object","properties":{"explanation":{"type":"string"},"output":{"type":"string"}},"required":["explanation","output"],"additionalProperties":false}},"final_answer":{"type":"string"}},"required":["steps","final_answer"],"additionalProperties":false}""",
        """{"title":"Card","type":"object","properties":{"color":{"enum":["red","green","blue"],"description":"of the shape"},"count":{"type":"integer","minimum":0,"maximum":9,"default":1},"tags":{"type":"array","items":{"type":"string","maxLength":6},"maxItems":3}},"required":["color","count"],"x-note":1}""",
        """{"oneOf":[{"type":"object","properties":{"kind":{"const":"circle"},"r":{"type":"number","minimum":0}},"required":["kind","r"]},{"type":"object","properties":{"kind":{"const":"square"},"side":{"type":"integer"}},"required":["kind","side"]}]}""",
        """{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"items":false}""", """{"type":"array","uniqueItems":true,"maxItems":1}""",
        """{"type":"object","minProperties":1}""", """{"type":"object","maxProperties":2}""", """{"type":"object","maxProperties":0}""", """{"maxItems":0,"type":"array"}""",
        """{"properties":{"a":{"type":"integer"}}}""", """{"items":{"type":"integer"},"maxItems":4}""", """{"minLength":3,"maxLength":5}""", """{"minimum":5,"maximum":6}""",
    ];

    private static IEnumerable<string> Integers()
    {
        for (var i = 0; i < s_bounds.Length; i++)
        {
            yield return $$"""{"type":"integer","minimum":{{s_bounds[i]}}}""";
            yield return $$"""{"type":"integer","exclusiveMaximum":{{s_bounds[i]}}}""";
            yield return $$"""{"type":"integer","minimum":{{s_bounds[i]}},"maximum":{{s_bounds[^1]}}}""";
            yield return $$"""{"type":"integer","exclusiveMinimum":{{s_bounds[0]}},"maximum":{{s_bounds[i]}}.5}""".Replace("-1000,\"maximum\":-1000.5", "-2000,\"maximum\":-1000.5", StringComparison.Ordinal);
        }

        foreach (var of in (int[])[1, 2, 3, 7, 10, 100])
        {
            yield return $$"""{"type":"integer","multipleOf":{{of}},"minimum":-20,"maximum":500}""";
        }

        yield return """{"type":"integer","multipleOf":100}""";
        yield return """{"type":"number","multipleOf":10,"minimum":15}""";
    }

    private static IEnumerable<string> Numbers()
    {
        for (var i = 0; i < s_decimals.Length; i++)
        {
            yield return $$"""{"type":"number","minimum":{{s_decimals[i]}}}""";
            yield return $$"""{"type":"number","exclusiveMinimum":{{s_decimals[i]}}}""";
            yield return $$"""{"type":"number","maximum":{{s_decimals[i]}}}""";
            yield return $$"""{"type":"number","exclusiveMaximum":{{s_decimals[i]}}}""";
            yield return $$"""{"type":"number","minimum":{{s_decimals[i]}},"maximum":{{s_decimals[Math.Min(i + 1, s_decimals.Length - 1)]}}}""";
        }

        yield return """{"type":"number","exclusiveMinimum":0.1,"exclusiveMaximum":0.125}""";
        yield return """{"type":"number","multipleOf":0.01,"minimum":0,"maximum":5}""";
        yield return """{"type":"number","multipleOf":0.1}""";
    }

    private static IEnumerable<string> Strings()
    {
        foreach (var (min, max) in ((int, int)[])[(0, 0), (0, 1), (1, 1), (0, 7), (3, 3), (5, 40), (100, 120), (0, 100000)])
        {
            yield return $$"""{"type":"string","minLength":{{min}},"maxLength":{{max}}}""";
        }

        yield return """{"type":"string","minLength":4}""";
        yield return """{"type":"string","pattern":"^[a-f]*$","minLength":2,"maxLength":6}""";
        yield return """{"type":"string","pattern":"^[0-9]{2}$","maxLength":9}""";
        foreach (var pattern in s_patterns)
        {
            yield return $$"""{"type":"string","pattern":"{{pattern}}"}""";
        }

        foreach (var format in s_formats)
        {
            yield return $$"""{"type":"string","format":"{{format}}"}""";
        }
    }

    private static IEnumerable<string> Arrays()
    {
        foreach (var item in (string[])["""{"type":"integer"}""", """{"type":"string","maxLength":3}""", """{"type":"array","items":{"type":"boolean"},"maxItems":2}"""])
        {
            foreach (var (min, max) in ((int, int)[])[(0, 0), (0, 1), (1, 1), (2, 5), (0, 3)])
            {
                yield return $$"""{"type":"array","items":{{item}},"minItems":{{min}},"maxItems":{{max}}}""";
                yield return $$"""{"type":"array","prefixItems":[{"type":"null"},{{item}}],"items":{{item}},"minItems":{{min}},"maxItems":{{max}}}""";
            }
        }
    }

    private static IEnumerable<string> Objects()
    {
        for (var required = 0; required < 8; required++)
        {
            var names = string.Join(',', "abc".Where((_, i) => (required >> i & 1) != 0).Select(c => $"\"{c}\""));
            const string Members = "\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"boolean\"},\"c\":{\"type\":\"null\"}";
            yield return $$$"""{"type":"object","properties":{{{{Members}}}},"required":[{{{names}}}]}""";
            yield return $$$"""{"type":"object","properties":{{{{Members}}}},"required":[{{{names}}}],"additionalProperties":false}""";
            yield return $$$"""{"type":"object","properties":{{{{Members}}}},"required":[{{{names}}}],"additionalProperties":{"type":"integer"}}""";
            yield return $$$"""{"type":"object","properties":{{{{Members}}}},"required":[{{{names}}}],"additionalProperties":true}""";
        }

        yield return """{"type":"object","additionalProperties":{"type":"number"}}""";
        yield return """{"type":"object","additionalProperties":false}""";
        yield return """{"type":"object","required":["x","y"],"additionalProperties":{"type":"integer"}}""";
        yield return """{"type":"object","properties":{"in":{},"int":{},"integer":{"type":"null"},"é\"":{}},"additionalProperties":{"type":"boolean"}}""";
        yield return """{"type":"object","patternProperties":{"^n_[a-z]{1,3}$":{"type":"integer"}},"additionalProperties":false}""";
        yield return """{"type":"object","propertyNames":{"pattern":"^[a-z]{2}$"},"additionalProperties":{"type":"boolean"}}""";
        yield return """{"type":"object","propertyNames":{"enum":["up","down"]},"additionalProperties":{"type":"integer"},"minProperties":1}""";
        yield return """{"type":"object","properties":{"a":false,"b":{"type":"null"}},"required":["b"]}""";
        yield return """{"type":"object","properties":{"":{"const":1},"line\nbreak":{"const":2},"\"q\"":{"const":3}},"required":["","line\nbreak","\"q\""]}""";
    }

    private static IEnumerable<string> Combined() =>
    [
        """{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},{"type":"object","properties":{"b":{"type":"string","maxLength":2}},"required":["b"]}]}""",
        """{"allOf":[{"properties":{"a":{"type":"integer","minimum":2}}},{"properties":{"a":{"maximum":4}},"required":["a"]}],"type":"object"}""",
        """{"allOf":[{"type":"integer"},{"minimum":3},{"maximum":9},{"multipleOf":3}]}""", """{"allOf":[{"type":["string","integer"]},{"type":["integer","null"]}]}""",
        """{"allOf":[{"enum":[1,2,3]},{"enum":[2,3,4]}]}""", """{"allOf":[{"$ref":"#/$defs/a"},{"maxLength":4}],"$defs":{"a":{"type":"string","minLength":2}}}""",
        """{"allOf":[{"type":"object","properties":{"a":{}},"additionalProperties":{"type":"integer"}},{"properties":{"b":{"minimum":1,"maximum":5}},"required":["b"]}]}""",
        """{"anyOf":[{"type":"integer"},{"type":"string","maxLength":2},{"type":"null"}]}""", """{"anyOf":[{"minimum":5},{"maximum":-5}],"type":"integer"}""",
        """{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"anyOf":[{"required":["a"]},{"required":["b"]}]}""",
        """{"anyOf":[{"anyOf":[{"const":1},{"const":2}]},{"allOf":[{"type":"boolean"},{"const":true}]}]}""",
        """{"oneOf":[{"type":"integer"},{"type":"string"}]}""", """{"oneOf":[{"const":1},{"const":2},{"enum":[3,4]}]}""",
        """{"oneOf":[{"type":"integer","maximum":3},{"type":"integer","minimum":4,"maximum":8}]}""",
        """{"oneOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false},{"type":"object","properties":{"b":{"type":"integer"}},"required":["b"],"additionalProperties":false}]}""",
        """{"type":"object","oneOf":[{"properties":{"t":{"const":"x"}}},{"properties":{"t":{"const":"y"}}}],"properties":{"t":{"type":"string"}},"required":["t"]}""",
        """{"type":"array","items":{"anyOf":[{"$ref":"#/$defs/n"},{"$ref":"#"}]},"maxItems":2,"$defs":{"n":{"type":"integer","minimum":0,"maximum":9}}}""",
        """{"$defs":{"json":{"anyOf":[{"type":"null"},{"type":"boolean"},{"type":"array","items":{"$ref":"#/$defs/json"},"maxItems":2}]}},"$ref":"#/$defs/json"}""",
        """{"type":"object","properties":{"x":{"anyOf":[{"type":"string","format":"date"},{"type":"null"}]}},"required":["x"],"additionalProperties":false}""",
        """{"allOf":[true,{"type":"boolean"}]}""", """{"anyOf":[false,{"type":"boolean"}]}""",
    ];

    private static IEnumerable<string> Mixed(int count)
    {
        var random = new Random(4);
        for (var i = 0; i < count; i++)
        {
            yield return Any(random, 3);
        }
    }

    private static string Any(Random random, int depth)
    {
        string Inner() => Any(random, depth - 1);
        switch (random.Next(depth > 0 ? 9 : 5))
        {
            case 0:
                return Format($$"""{"type":"integer","minimum":{{random.Next(-50, 5)}},"maximum":{{random.Next(6, 3000)}}}""");
            case 1:
                return Format($$"""{"type":"string","maxLength":{{random.Next(1, 9)}}}""");
            case 2:
                return Format($$"""{"enum":["v{{random.Next(5)}}",{{random.Next(100, 105)}},null]}""");
            case 3:
                return """{"type":["boolean","null"]}""";
            case 4:
                return Format($$"""{"type":"number","minimum":{{random.Next(0, 9)}}.{{random.Next(1, 99)}},"maximum":{{random.Next(10, 20)}}.5}""");
            case 5:
                return Format($$"""{"type":"array","items":{{Inner()}},"minItems":{{random.Next(2)}},"maxItems":{{random.Next(2, 4)}}}""");
            case 6:
                return Format($$"""{"anyOf":[{{Inner()}},{{Inner()}}]}""");
            default:
                var names = Enumerable.Range(0, random.Next(1, 5)).Select(i => $"m{i}").ToList();
                var members = string.Join(',', names.Select(n => $"\"{n}\":{Inner()}"));
                var required = string.Join(',', names.Where(_ => random.Next(2) == 0).Select(n => $"\"{n}\""));
                return $$$"""{"type":"object","properties":{{{{members}}}},"required":[{{{required}}}]}""";
        }
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
