using System.Security.Cryptography;
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

    /// <summary>Parts of all grammars that are remembered, about 100 bytes each: one of a hundred tools among them has some 200,000.</summary>
    private const int MaxRememberedParts = 1_280_000;

    /// <summary>Sets of tools that are known to be right.</summary>
    private const int MaxChecked = 256;

    /// <summary>Keys from this length on are remembered by their hash.</summary>
    private const int LongKey = 512;

    private readonly LimitOptions _limits;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (Grammar Grammar, int Parts)> _remembered = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private readonly HashSet<string> _checked = new(StringComparer.Ordinal);
    private readonly Queue<string> _checkedOrder = new();
    private int _rememberedParts;

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
        key = Short(key);
        lock (_lock)
        {
            if (_remembered.TryGetValue(key, out var known))
            {
                return known.Grammar;
            }
        }

        var budget = new GrammarBudget(_limits, _time);
        var grammar = GrammarLinker.Link(write(budget), budget);
        lock (_lock)
        {
            if (_remembered.TryAdd(key, (grammar, budget.Parts)))
            {
                _order.Enqueue(key);
                _rememberedParts += budget.Parts;
            }

            grammar = _remembered[key].Grammar;
            while (_order.Count > MaxRemembered || _rememberedParts > MaxRememberedParts)
            {
                _remembered.Remove(_order.Dequeue(), out var oldest);
                _rememberedParts -= oldest.Parts;
            }

            return grammar;
        }
    }

    /// <summary>Judges something, unless it was found right lately. What is wrong is thrown.</summary>
    internal void Check(string key, Action<GrammarBudget> check)
    {
        key = Short(key);
        lock (_lock)
        {
            if (_checked.Contains(key))
            {
                return;
            }
        }

        check(new GrammarBudget(_limits, _time));
        lock (_lock)
        {
            if (_checked.Add(key))
            {
                _checkedOrder.Enqueue(key);
                if (_checkedOrder.Count > MaxChecked)
                {
                    _checked.Remove(_checkedOrder.Dequeue());
                }
            }
        }
    }

    private static string Short(string key) => key.Length < LongKey ? key : Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
