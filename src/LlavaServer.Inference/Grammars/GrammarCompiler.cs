using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace LlavaServer.Inference.Grammars;

/// <summary>
/// Compiles what a request says about the form of its answer. Bounded in time, memory and depth by <see cref="LimitOptions"/>; remembers the last ones, so
/// that equal requests share one grammar. Singleton, thread-safe; called on request threads.
/// </summary>
public sealed class GrammarCompiler
{
    private const int MaxRemembered = 64;

    /// <summary>Parts of a grammar that is remembered: larger ones are too rare to be worth their memory.</summary>
    private const int MaxRememberedParts = 20_000;

    private readonly LimitOptions _limits;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Grammar> _remembered = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    public GrammarCompiler(IOptions<InferenceOptions> options, TimeProvider time)
        : this(options?.Value.Limits ?? throw new ArgumentNullException(nameof(options)), time)
    {
    }

    internal GrammarCompiler(LimitOptions limits, TimeProvider time)
    {
        _limits = limits;
        _time = time;
    }

    /// <summary>Any JSON object.</summary>
    public Grammar JsonObject() => Get("object", static _ =>
    {
        var rules = new GrammarRules();
        rules.Define(GrammarRules.Root, GrammarExpression.Of(GrammarExpression.Optional(GrammarExpression.Text(" ")), new JsonValues(rules).Object()));
        return rules;
    });

    /// <summary>Any JSON value.</summary>
    public Grammar JsonValue() => Get("value", static _ =>
    {
        var rules = new GrammarRules();
        rules.Define(GrammarRules.Root, GrammarExpression.Of(GrammarExpression.Optional(GrammarExpression.Text(" ")), new JsonValues(rules).Value()));
        return rules;
    });

    /// <summary>JSON that holds to a schema.</summary>
    /// <param name="schema">The schema; not used after the call.</param>
    /// <param name="parameter">Where it stands in the request.</param>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidSchema"/>; the message names the place in the schema.</exception>
    public Grammar JsonSchema(JsonElement schema, string parameter)
    {
        try
        {
            var text = schema.GetRawText();
            return Get("schema" + text, budget =>
            {
                budget.CheckBytes(Encoding.UTF8.GetByteCount(text));
                return JsonSchemaCompiler.Compile(schema, budget);
            });
        }
        catch (GrammarException failure)
        {
            throw new InferenceException(InferenceError.InvalidSchema, $"Invalid schema in '{parameter}'. {failure.Message}") { Parameter = parameter };
        }
    }

    /// <summary>A grammar in llama.cpp's notation.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidGrammar"/>; the message names line and column.</exception>
    public Grammar Gbnf(string text, string parameter)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            return Get("gbnf" + text, budget => GbnfParser.Parse(text, budget));
        }
        catch (GrammarException failure)
        {
            throw new InferenceException(InferenceError.InvalidGrammar, $"Invalid grammar in '{parameter}'. {failure.Message}") { Parameter = parameter };
        }
    }

    /// <summary>A grammar that is written by the caller, remembered by a key that says all about it.</summary>
    internal Grammar Get(string key, Func<GrammarBudget, GrammarRules> write)
    {
        lock (_lock)
        {
            if (_remembered.TryGetValue(key, out var known))
            {
                return known;
            }
        }

        var budget = new GrammarBudget(_limits, _time);
        var grammar = GrammarLinker.Link(write(budget), budget);
        if (budget.Parts > MaxRememberedParts)
        {
            return grammar;
        }

        lock (_lock)
        {
            if (_remembered.TryAdd(key, grammar))
            {
                _order.Enqueue(key);
                if (_order.Count > MaxRemembered)
                {
                    _remembered.Remove(_order.Dequeue());
                }
            }

            return _remembered[key];
        }
    }
}
