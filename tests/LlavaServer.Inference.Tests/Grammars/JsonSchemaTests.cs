using System.Globalization;
using LlavaServer.Inference.Grammars;

namespace LlavaServer.Inference.Tests.Grammars;

/// <summary>What a compiled schema lets through and what not; what is refused and by which words; limits.</summary>
public sealed class JsonSchemaTests
{
    private const string Person = """{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"}},"required":["name"]}""";

    [Theory]
    [InlineData(Person, """{"name":"x"}""", true)]
    [InlineData(Person, """ {"name" : "x", "age": 3 }""", true)]
    [InlineData(Person, "{\n  \"name\": \"é\\u00e9\\ud83d\\ude00\",\n  \"age\": -1\n}", true)]
    [InlineData(Person, """{"age":3,"name":"x"}""", false)]
    [InlineData(Person, """{"name":"x","other":1}""", false)]
    [InlineData(Person, """{"name":"x",}""", false)]
    [InlineData(Person, """{"name":"x\ud800"}""", false)]
    [InlineData(Person, """{"name":"x","age":03}""", false)]
    [InlineData(Person, """{"name":"x"}}""", false)]
    [InlineData("{\"type\":\"object\"}", """{"a":[1,{"b":null}],"c":"d"}""", true)]
    [InlineData("{\"type\":\"object\"}", "[]", false)]
    [InlineData("{\"type\":\"string\",\"minLength\":2,\"maxLength\":3}", "\"é😀\"", true)]
    [InlineData("{\"type\":\"string\",\"minLength\":2,\"maxLength\":3}", "\"\\n\\u0041\\\\\"", true)]
    [InlineData("{\"type\":\"string\",\"minLength\":2,\"maxLength\":3}", "\"😀\"", false)]
    [InlineData("{\"type\":\"string\",\"minLength\":2,\"maxLength\":3}", "\"abcd\"", false)]
    [InlineData("{\"enum\":[\"a\",{\"b\":[1]}]}", """{"b":[1]}""", true)]
    [InlineData("{\"type\":\"number\"}", "-1.25e+10", true)]
    [InlineData("{\"type\":\"number\"}", "1.", false)]
    [InlineData("{\"type\":\"number\"}", "NaN", false)]
    [InlineData("{\"type\":\"object\",\"properties\":{\"int\":{}},\"additionalProperties\":{\"type\":\"null\"}}", """{"in":null,"into":null}""", true)]
    [InlineData("{\"type\":\"object\",\"properties\":{\"int\":{\"type\":\"null\"}},\"additionalProperties\":{\"type\":\"integer\"}}", """{"x":1,"int":2}""", false)]
    [InlineData("{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"minItems\":1,\"maxItems\":2}", "[ 1, 2 ]", true)]
    [InlineData("{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"minItems\":1,\"maxItems\":2}", "[1,2,3]", false)]
    [InlineData("{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"minItems\":1,\"maxItems\":2}", "[]", false)]
    [InlineData("{\"type\":\"string\",\"pattern\":\"b+\"}", "\"abc\"", true)]
    [InlineData("{\"type\":\"string\",\"pattern\":\"b+\"}", "\"ac\"", false)]
    [InlineData("{\"type\":\"string\",\"format\":\"date\"}", "\"2024-02-28\"", true)]
    [InlineData("{\"type\":\"string\",\"format\":\"date\"}", "\"2023-02-30\"", false)]
    public void Accepts_Text_AsTheSchemaSays(string schema, string text, bool expected) =>
        Assert.Equal(expected, GrammarText.Accepts(GrammarText.Schema(schema), text));

    [Theory]
    [InlineData(-3, 12)]
    [InlineData(0, 9)]
    [InlineData(7, 7)]
    [InlineData(95, 1203)]
    [InlineData(-210, -18)]
    public void Accepts_Integers_ExactlyThoseInRange(int min, int max)
    {
        var grammar = GrammarText.Schema(string.Create(CultureInfo.InvariantCulture, $$"""{"type":"integer","minimum":{{min}},"maximum":{{max}}}"""));
        for (var i = -1500; i <= 1500; i++)
        {
            Assert.Equal(i >= min && i <= max, GrammarText.Accepts(grammar, i.ToString(CultureInfo.InvariantCulture)));
        }
    }

    [Theory]
    [InlineData("\"minimum\":-0.35,\"maximum\":1.2", -0.35, false, 1.2, false)]
    [InlineData("\"exclusiveMinimum\":0,\"exclusiveMaximum\":1", 0.0, true, 1.0, true)]
    [InlineData("\"minimum\":0.5,\"exclusiveMaximum\":0.75", 0.5, false, 0.75, true)]
    [InlineData("\"exclusiveMinimum\":-1.5,\"maximum\":-0.5", -1.5, true, -0.5, false)]
    public void Accepts_Decimals_ExactlyThoseInRange(string bounds, double min, bool excludesMin, double max, bool excludesMax)
    {
        var grammar = GrammarText.Schema($$"""{"type":"number",{{bounds}}}""");
        for (var i = -200; i <= 200; i++)
        {
            var value = i / 100m;
            var expected = (double)value >= min && (double)value <= max && !(excludesMin && (double)value == min) && !(excludesMax && (double)value == max);
            foreach (var text in new[] { value.ToString(CultureInfo.InvariantCulture), value.ToString("F3", CultureInfo.InvariantCulture) })
            {
                Assert.True(expected == GrammarText.Accepts(grammar, text), $"{text} in {bounds}");
            }
        }
    }

    [Theory]
    [InlineData("5", "a schema must be an object or a boolean")]
    [InlineData("false", "No finite answer")]
    [InlineData("""{"type":"word"}""", "#: 'type' must be")]
    [InlineData("""{"properties":{"a":{"properties":{"b":{"not":{}}}}}}""", "#/properties/a/properties/b: the keyword 'not' is not supported")]
    [InlineData("""{"if":{},"then":{}}""", "the keyword 'if'")]
    [InlineData("""{"type":"array","uniqueItems":true}""", "uniqueItems")]
    [InlineData("""{"type":"array","contains":{}}""", "contains")]
    [InlineData("""{"$ref":"http://example.com/schema"}""", "leads out of the schema")]
    [InlineData("""{"$ref":"other.json#/a"}""", "leads out of the schema")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "names nothing")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}}}""", "begins with itself")]
    [InlineData("""{"type":"object","properties":{"next":{"$ref":"#"}},"required":["next"]}""", "No finite answer")]
    [InlineData("""{"type":"string","pattern":"(?=a)b"}""", "look-around")]
    [InlineData("""{"type":"string","pattern":"(a)\\1"}""", "the escape \\1")]
    [InlineData("""{"type":"string","pattern":"a**"}""", "quantifier")]
    [InlineData("""{"type":"string","pattern":"(a"}""", "'(' without ')'")]
    [InlineData("""{"type":"string","pattern":"[a"}""", "'[' without ']'")]
    [InlineData("""{"type":"string","pattern":"^(ab|c)*$","maxLength":5}""", "lengths beside a pattern")]
    [InlineData("""{"type":"string","minLength":-1}""", "'minLength' must be a whole number")]
    [InlineData("""{"type":"integer","multipleOf":0}""", "'multipleOf'")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"number"}]}""", "branches 0 and 1 of 'oneOf'")]
    [InlineData("""{"oneOf":[{"properties":{"a":{}}},{"properties":{"b":{}}}]}""", "branches 0 and 1 of 'oneOf'")]
    [InlineData("""{"anyOf":[]}""", "'anyOf' must be an array of schemas")]
    [InlineData("""{"enum":5}""", "'enum' must be an array")]
    [InlineData("""{"enum":[]}""", "No finite answer")]
    [InlineData("""{"type":"integer","minimum":5,"maximum":4}""", "No finite answer")]
    [InlineData("""{"type":"object","minProperties":3}""", "'minProperties'")]
    [InlineData("""{"allOf":[{"type":"string"},{"type":"integer"}]}""", "No finite answer")]
    [InlineData("""{"properties":[]}""", "'properties' must be an object")]
    [InlineData("""{"required":"a"}""", "'required' must be an array of names")]
    public void SCH20_WrongSchema_RefusedWithItsPlace(string schema, string error) =>
        Assert.Contains(error, GrammarText.SchemaError(schema), StringComparison.Ordinal);

    [Fact]
    public void SCH20_HostileSchemas_RefusedInBounds()
    {
        static string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"items\":", depth)) + "{}" + new string('}', depth);
        Assert.Contains("Limits:SchemaDepth", GrammarText.SchemaError(Nested(65)), StringComparison.Ordinal);
        GrammarText.Schema(Nested(60));
        var wide = "{\"properties\":{" + string.Join(',', Enumerable.Range(0, 11_000).Select(i => $"\"p{i}\":{{\"type\":\"integer\"}}")) + "}}";
        Assert.Contains("Limits:", GrammarText.SchemaError(wide, new LimitOptions { GrammarBytes = 1 << 20, GrammarTime = TimeSpan.FromMinutes(1) }), StringComparison.Ordinal);
        Assert.Contains("Limits:GrammarBytes", GrammarText.SchemaError("{\"title\":\"" + new string('x', 300_000) + "\"}"), StringComparison.Ordinal);

        // Each step doubles: 2^30 branches.
        var doubling = "{\"$defs\":{" + string.Join(',', Enumerable.Range(0, 30).Select(i =>
            $"\"d{i}\":{{\"allOf\":[{{\"anyOf\":[{{\"title\":\"a\"}},{{\"title\":\"b\"}}]}},{{\"$ref\":\"#/$defs/d{i + 1}\"}}]}}"))
            + ",\"d30\":{\"type\":\"null\"}},\"$ref\":\"#/$defs/d0\"}";
        Assert.Contains("Limits:", GrammarText.SchemaError(doubling), StringComparison.Ordinal);

        // Counts cost nothing: they are counted, not written out.
        Assert.True(GrammarText.Accepts(GrammarText.Schema("""{"type":"string","maxLength":2000000000}"""), "\"abc\""));
        Assert.True(GrammarText.Accepts(GrammarText.Schema("""{"type":"string","pattern":"^((a{1,90000}){1,90000}){1,90000}$"}"""), "\"aaa\""));
    }

    [Fact]
    public void JsonSchema_SameText_SameGrammar()
    {
        Assert.Same(GrammarText.Schema(Person), GrammarText.Schema(Person));
        Assert.NotSame(GrammarText.Schema(Person), GrammarText.Schema("{\"type\":\"object\"}"));
    }

    [Fact]
    public void JsonObject_WhiteSpace_IsBounded()
    {
        var grammar = new GrammarCompiler(new LimitOptions(), TimeProvider.System).JsonObject();
        Assert.True(GrammarText.Accepts(grammar, "{\n\n" + new string(' ', 20) + "\"a\" : 1}"));
        Assert.False(GrammarText.Accepts(grammar, "{\n\n\n\"a\":1}"));
        Assert.False(GrammarText.Accepts(grammar, "{  \"a\":1}"));
        Assert.False(GrammarText.Accepts(grammar, "{\n" + new string(' ', 21) + "\"a\":1}"));
    }
}
