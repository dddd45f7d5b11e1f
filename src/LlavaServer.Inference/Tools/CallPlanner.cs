using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Prompting;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Tools;

/// <summary>Makes the plan of an answer from a request's tools and the model's form of calls. Thread-safe; called on request threads.</summary>
internal sealed class CallPlanner(GrammarCompiler compiler, LimitOptions limits)
{
    private readonly ConditionalWeakTable<Grammar, StrongBox<(Grammar Calls, Grammar Both)>> _combined = [];

    private readonly ConditionalWeakTable<Grammar, CallOpening> _openings = [];

    /// <summary>
    /// Refuses what no model could answer: schemas that cannot be held, choices without a tool, a form of the whole answer beside a call that must be
    /// made. Throws <see cref="InferenceException"/>.
    /// </summary>
    public void Check(GenerationRequest request)
    {
        if (request.ToolChoice.Kind is ToolChoiceKind.Required or ToolChoiceKind.Named)
        {
            if (request.Tools.Count == 0)
            {
                throw Refused("tool_choice", "'tool_choice' asks for a call, and there are no tools.");
            }

            if (request.Grammar is not null)
            {
                throw Refused("tool_choice", "A call of a tool ('tool_choice') and another form of the answer cannot both be asked for.");
            }
        }

        var tools = ToolDefinition.Read(request);
        if (request.ToolChoice.Name is { } name && !tools.Any(t => t.Name == name))
        {
            throw Refused("tool_choice", $"'tool_choice' names '{name}', which is none of the tools.");
        }

        compiler.Check("tools" + SchemasOf(tools), budget =>
        {
            foreach (var tool in tools)
            {
                CheckSchema(tool, budget);
            }
        });
    }

    /// <summary>Null when no tool can be called.</summary>
    /// <param name="request">A request that was checked.</param>
    /// <param name="syntax">How the model writes calls.</param>
    /// <param name="tokenizer">Of the model.</param>
    public CallPlan? Plan(GenerationRequest request, CallSyntax syntax, ITokenizer tokenizer)
    {
        if (request.Tools.Count == 0 || request.ToolChoice.Kind == ToolChoiceKind.None || !request.IsConversation)
        {
            return null;
        }

        var name = request.ToolChoice.Name;
        var tools = ToolDefinition.Read(request).Where(t => name is null || t.Name == name).ToList();
        var maxCalls = name is not null || !request.AllowsParallelToolCalls ? 1 : limits.ToolCalls;
        var isFree = request.ToolChoice.Kind == ToolChoiceKind.Auto && request.Grammar is null;
        CallOpening Opening() => new(syntax, tools.Select(static t => t.Name));
        var grammar = compiler.Get($"calls {maxCalls} {isFree} {syntax}{SchemasOf(tools)}", budget => isFree
            ? ToolGrammar.TextOrCalls(syntax, tools, Opening(), maxCalls, budget)
            : ToolGrammar.OnlyCalls(syntax, tools, maxCalls, budget));
        return new CallPlan
        {
            Syntax = syntax,
            Opening = _openings.GetValue(grammar, _ => Opening()),
            Grammar = request.Grammar is { } form ? Either(form, grammar) : grammar,
            StartsFree = isFree,
            HasForm = request.Grammar is not null,
            MarkerTokens = ControlTokens.In(syntax.Markers, tokenizer),
            CallTokens = ControlTokens.In([syntax.Before, syntax.Between, syntax.After, syntax.NameEnd, syntax.IdEnd, syntax.OtherMarker], tokenizer),
        };
    }

    private static void CheckSchema(ToolDefinition tool, GrammarBudget budget)
    {
        if (tool.Parameters is not { } schema)
        {
            return;
        }

        try
        {
            budget.CheckBytes(Encoding.UTF8.GetByteCount(schema.GetRawText()));
            if (schema.ValueKind != JsonValueKind.Object)
            {
                throw new GrammarException("It must be an object.");
            }

            var rules = new GrammarRules();
            rules.Define(GrammarRules.Root, ToolGrammar.Arguments(tool, rules, budget));
            GrammarLinker.Link(rules, budget);
        }
        catch (GrammarException failure)
        {
            throw new InferenceException(InferenceError.InvalidSchema, $"Invalid schema in '{tool.SchemaPath}'. {failure.Message}") { Parameter = tool.SchemaPath };
        }
    }

    private static string SchemasOf(IReadOnlyList<ToolDefinition> tools)
    {
        var text = new StringBuilder();
        foreach (var tool in tools)
        {
            text.Append('\n').Append(tool.Name).Append(tool.IsStrict ? '!' : ' ').Append(tool.Parameters?.GetRawText());
        }

        return text.ToString();
    }

    // The same pair again is the same grammar, so that what is known of its states is used again.
    private Grammar Either(Grammar form, Grammar calls)
    {
        var known = _combined.GetValue(form, _ => new((calls, Grammar.Either(form, calls)))).Value;
        if (known.Calls == calls)
        {
            return known.Both;
        }

        var both = Grammar.Either(form, calls);
        _combined.AddOrUpdate(form, new((calls, both)));
        return both;
    }

    private static InferenceException Refused(string parameter, string message) => new(InferenceError.Unsupported, message) { Parameter = parameter };
}
