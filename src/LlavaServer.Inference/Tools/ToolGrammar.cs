using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Inference.Grammars;
using static LlavaServer.Inference.Grammars.GrammarExpression;

namespace LlavaServer.Inference.Tools;

/// <summary>
/// Writes the grammar of an answer that may or must call tools: the arguments of a call always hold to the schema of its tool. Where the model is free, it
/// is so up to the beginning of a call. Used by one compilation.
/// </summary>
internal sealed class ToolGrammar
{
    /// <summary>Ids as Mistral's models write them, with room.</summary>
    private const int MaxIdLength = 64;

    private static readonly JsonElement s_object = JsonDocument.Parse("""{"type":"object"}""").RootElement;

    /// <summary>Deeper than any schema that a request has.</summary>
    private static readonly JsonSerializerOptions s_deep = new() { MaxDepth = 1000 };

    private static readonly string[] s_openKeywords =
        ["additionalProperties", "patternProperties", "propertyNames", "unevaluatedProperties", "minProperties", "allOf", "anyOf", "oneOf", "$ref"];

    private readonly CallSyntax _syntax;
    private readonly GrammarRules _rules = new();
    private readonly List<(ToolDefinition Tool, GrammarExpression Arguments)> _tools = [];

    private ToolGrammar(CallSyntax syntax, IReadOnlyList<ToolDefinition> tools, GrammarBudget budget)
    {
        _syntax = syntax;
        foreach (var tool in tools)
        {
            _tools.Add((tool, Arguments(tool, _rules, budget)));
        }
    }

    /// <summary>
    /// Objects that hold to a tool's schema; nothing but the empty one for a tool without parameters. Members beside those that the schema names are
    /// written only if it speaks of them: a tool has no use for what it did not ask for. What a grammar cannot hold is refused of a strict tool, and left to
    /// the model else: schemas of tools are written for programs that check their arguments themselves.
    /// </summary>
    public static GrammarExpression Arguments(ToolDefinition tool, GrammarRules rules, GrammarBudget budget) => tool.Parameters is { } schema
        ? JsonSchemaCompiler.Add(rules, budget, !tool.IsStrict, Closed(schema), s_object)
        : Of(Text("{"), JsonText.Space, Text("}"));

    private static JsonElement Closed(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out _)
            || Array.Exists(s_openKeywords, keyword => schema.TryGetProperty(keyword, out _)))
        {
            return schema;
        }

        var closed = JsonObject.Create(schema)!;
        closed["additionalProperties"] = false;
        return JsonSerializer.SerializeToElement(closed, s_deep);
    }

    /// <summary>An answer of calls alone.</summary>
    /// <param name="syntax">How calls are written.</param>
    /// <param name="tools">Those that may be called.</param>
    /// <param name="maxCalls">Calls of the answer at most.</param>
    /// <param name="budget">Of the compilation.</param>
    public static GrammarRules OnlyCalls(CallSyntax syntax, IReadOnlyList<ToolDefinition> tools, int maxCalls, GrammarBudget budget)
    {
        var grammar = new ToolGrammar(syntax, tools, budget);
        var before = Words(syntax.Before);
        var call = grammar._rules.Add("call", grammar.Call());
        grammar._rules.Define(GrammarRules.Root, Of(JsonText.Space, before, call, grammar.More(call, maxCalls - 1)));
        return grammar._rules;
    }

    /// <summary>Text, calls, or text and then calls.</summary>
    public static GrammarRules TextOrCalls(CallSyntax syntax, IReadOnlyList<ToolDefinition> tools, CallOpening opening, int maxCalls, GrammarBudget budget)
    {
        var grammar = new ToolGrammar(syntax, tools, budget);
        var rules = grammar._rules;
        var call = rules.Add("call", grammar.Call());
        var more = rules.Add("more", grammar.More(call, maxCalls - 1));
        var first = rules.Add("calls", Of(Words(syntax.BeforeRest), call, more));
        var states = Enumerable.Range(0, opening.StateCount).Select(i => rules.Declare($"text{i}")).ToArray();
        for (var state = 0; state < states.Length; state++)
        {
            var choices = new List<GrammarExpression> { Empty };
            foreach (var (low, high, next) in Ranges(opening, state))
            {
                var found = next < 0 ? opening.Found(next) : null;
                var then = found switch
                {
                    null => new Reference(states[next]),
                    "" => first,
                    _ => Of(grammar.Members(grammar._tools.First(t => t.Tool.Name == found).Arguments), more),
                };
                choices.Add(Of(new ByteRange(low, high), then));
            }

            rules.Define(states[state], AnyOf(choices));
        }

        rules.Define(GrammarRules.Root, new Reference(states[opening.Start]));
        return rules;
    }

    private static IEnumerable<(byte Low, byte High, int Next)> Ranges(CallOpening opening, int state)
    {
        for (var low = 0; low < 256;)
        {
            var next = opening.Next(state, (byte)low);
            var high = low;
            while (high < 255 && opening.Next(state, (byte)(high + 1)) == next)
            {
                high++;
            }

            yield return ((byte)low, (byte)high, next);
            low = high + 1;
        }
    }

    // The words of a text; between them, and at its ends, white space is free.
    private static GrammarExpression Words(string text)
    {
        var items = new List<GrammarExpression> { JsonText.Space };
        foreach (var word in text.Split([' ', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            items.Add(Text(word));
            items.Add(JsonText.Space);
        }

        return Of(items);
    }

    private GrammarExpression Call() => AnyOf([.. _tools.Select(tool => Of(Head(tool.Tool.Name), Tail(tool.Arguments)))]);

    private GrammarExpression Head(string name) =>
        _syntax.NameEnd is null ? Of(Text("{"), JsonText.Space, Key("name"), Text($"\"{name}\"")) : Text(name);

    private GrammarExpression Tail(GrammarExpression arguments)
    {
        if (_syntax.NameEnd is not { } nameEnd)
        {
            return Members(arguments);
        }

        var id = _syntax.IdEnd is { } idEnd ? Of(Many(Chars("0-9A-Za-z"), 1, MaxIdLength), Words(idEnd)) : Empty;
        return Of(Words(nameEnd), id, arguments);
    }

    // What follows the name in a call's object.
    private GrammarExpression Members(GrammarExpression arguments)
    {
        var id = _syntax.HasIdMember
            ? Optional(Of(Comma, Key("id"), Text("\""), Many(Chars("0-9A-Za-z"), 1, MaxIdLength), Text("\""), JsonText.Space))
            : Empty;
        return Of(Comma, Key(_syntax.ArgumentsKey), arguments, JsonText.Space, id, Text("}"));
    }

    private GrammarExpression More(GrammarExpression call, int max)
    {
        var after = _syntax.After.Trim().Length > 0 ? Words(_syntax.After.Trim()) : Empty;
        if (max == 0 || _syntax.Between is not { } between)
        {
            return TrimEnd(after);
        }

        return Of(Many(Of(Words(between), call), 0, max), TrimEnd(after));
    }

    // Nothing may follow the last word, so that an answer that may have no more calls is at its end there.
    private static GrammarExpression TrimEnd(GrammarExpression words) => words is Sequence { Items.Count: > 1 } sequence ? Of([.. sequence.Items.SkipLast(1)]) : Empty;

    private static GrammarExpression Key(string name) => Of(Text($"\"{name}\""), JsonText.Space, Text(":"), JsonText.Space);

    private static GrammarExpression Comma => Of(JsonText.Space, Text(","), JsonText.Space);
}
