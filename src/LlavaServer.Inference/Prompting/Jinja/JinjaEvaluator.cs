using System.Runtime.CompilerServices;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>
/// One rendering of a template: walks its nodes, writes text, and stops at the limits. Scopes are Jinja's: a loop round and a macro call have their own,
/// <c>if</c> has none. One use, one thread.
/// </summary>
internal sealed partial class JinjaEvaluator
{
    private readonly string _name;
    private readonly JinjaScope _globals;
    private JinjaTextBuilder _output;
    private int _line = 1;
    private int _depth;
    private int _calls;

    private JinjaEvaluator(string name, JinjaScope globals, JinjaLimits limits)
    {
        _name = name;
        _globals = globals;
        Budget = new JinjaBudget(limits);
        _output = new JinjaTextBuilder(Budget);
    }

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    public JinjaBudget Budget { get; }

    /// <summary>Throws <see cref="JinjaException"/>.</summary>
    public static JinjaText Render(string name, JinjaStatement[] body, JinjaScope globals, JinjaLimits limits)
    {
        var evaluator = new JinjaEvaluator(name, globals, limits);
        try
        {
            evaluator.Execute(body, new JinjaScope(globals));
            var text = evaluator._output.ToText();
            evaluator.Budget.CheckLength(System.Text.Encoding.UTF8.GetByteCount(text.Value));
            return text;
        }
        catch (JinjaFault fault)
        {
            throw new JinjaException(fault.Error, name, evaluator._line, fault.Message);
        }
    }

    private Flow Execute(JinjaStatement[] body, JinjaScope scope)
    {
        foreach (var statement in body)
        {
            var flow = Execute(statement, scope);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }

        return Flow.Next;
    }

    private Flow Execute(JinjaStatement statement, JinjaScope scope)
    {
        Enter(statement.Line);
        var flow = Flow.Next;
        switch (statement)
        {
            case JinjaStatement.Text text:
                _output.Append(text.Value);
                break;
            case JinjaStatement.Output output:
                _output.Append(JinjaValues.ToText(Evaluate(output.Value, scope), Budget));
                break;
            case JinjaStatement.If choice:
                flow = ExecuteIf(choice, scope);
                break;
            case JinjaStatement.For loop:
                ExecuteFor(loop, Evaluate(loop.Iterable, scope), scope, 0);
                break;
            case JinjaStatement.Set set:
                Assign(set.Target, Evaluate(set.Value, scope), scope);
                break;
            case JinjaStatement.SetBlock set:
                var captured = Capture(set.Body, new JinjaScope(scope));
                Assign(set.Target, set.Filters is null ? captured : Filtered(set.Filters, captured, scope), scope);
                break;
            case JinjaStatement.Macro macro:
                scope.Set(macro.Name, MacroOf(macro.Name, macro.Parameters, macro.Body, scope));
                break;
            case JinjaStatement.CallBlock call:
                var caller = MacroOf("caller", call.Parameters, call.Body, scope);
                _output.Append(JinjaValues.ToText(Call(call.Call, scope, caller), Budget));
                break;
            case JinjaStatement.FilterBlock filter:
                _output.Append(JinjaValues.ToText(Filtered(filter.Filters, Capture(filter.Body, new JinjaScope(scope)), scope), Budget));
                break;
            case JinjaStatement.With with:
                flow = ExecuteWith(with, scope);
                break;
            case JinjaStatement.Block block:
                flow = Execute(block.Body, scope);
                break;
            case JinjaStatement.Break:
                flow = Flow.Break;
                break;
            case JinjaStatement.Continue:
                flow = Flow.Continue;
                break;
        }

        _depth--;
        return flow;
    }

    private Flow ExecuteIf(JinjaStatement.If choice, JinjaScope scope)
    {
        foreach (var (condition, body) in choice.Branches)
        {
            if (JinjaValues.IsTrue(Evaluate(condition, scope)))
            {
                return Execute(body, scope);
            }
        }

        return Execute(choice.Else, scope);
    }

    private Flow ExecuteWith(JinjaStatement.With with, JinjaScope scope)
    {
        var inner = new JinjaScope(scope);
        foreach (var (target, value) in with.Values)
        {
            Assign(target, Evaluate(value, scope), inner);
        }

        return Execute(with.Body, inner);
    }

    private void ExecuteFor(JinjaStatement.For loop, object? iterable, JinjaScope scope, int depth)
    {
        var items = JinjaValues.Items(iterable, Budget);
        if (loop.Filter is { } filter)
        {
            items.RemoveAll(item =>
            {
                var round = new JinjaScope(scope);
                Assign(loop.Target, item, round);
                return !JinjaValues.IsTrue(Evaluate(filter, round));
            });
        }

        if (items.Count == 0)
        {
            Execute(loop.Else, new JinjaScope(scope));
            return;
        }

        var state = new JinjaLoop(items, depth, loop.IsRecursive ? children => Recurse(loop, children, scope, depth + 1) : null);
        foreach (var item in items)
        {
            var round = new JinjaScope(scope);
            round.Set("loop", state);
            Assign(loop.Target, item, round);
            if (Execute(loop.Body, round) == Flow.Break)
            {
                break;
            }

            state.Index++;
            Budget.Steps();
        }
    }

    private JinjaText Recurse(JinjaStatement.For loop, object? children, JinjaScope scope, int depth)
    {
        EnterCall();
        var before = _output;
        _output = new JinjaTextBuilder(Budget);
        ExecuteFor(loop, children, scope, depth);
        (var text, _output) = (_output.ToText(), before);
        _calls--;
        return text;
    }

    private JinjaText Capture(JinjaStatement[] body, JinjaScope scope)
    {
        var before = _output;
        _output = new JinjaTextBuilder(Budget);
        Execute(body, scope);
        (var text, _output) = (_output.ToText(), before);
        return text;
    }

    private object? Filtered(JinjaExpression filters, JinjaText captured, JinjaScope scope)
    {
        var inner = new JinjaScope(scope);
        inner.Set(JinjaParser.Captured, captured);
        return Evaluate(filters, inner);
    }

    private void Assign(JinjaTarget target, object? value, JinjaScope scope)
    {
        if (target.Parts.Length > 0)
        {
            var items = JinjaValues.Items(value, Budget);
            if (items.Count != target.Parts.Length)
            {
                throw JinjaFault.Value($"{items.Count} values for {target.Parts.Length} names");
            }

            for (var i = 0; i < items.Count; i++)
            {
                Assign(target.Parts[i], items[i], scope);
            }
        }
        else if (target.Attribute is null)
        {
            scope.Set(target.Name!, value);
        }
        else if (scope.TryGet(target.Name!, out var owner) && owner is JinjaMap { IsNamespace: true } space)
        {
            space.Set(target.Attribute, value);
        }
        else
        {
            throw JinjaFault.Value($"'{target.Name}' is not a namespace: its attributes cannot be set");
        }
    }

    private JinjaFunction MacroOf(string name, JinjaParameter[] parameters, JinjaStatement[] body, JinjaScope scope) =>
        new(name, arguments =>
        {
            EnterCall();
            var line = _line;
            var inner = new JinjaScope(scope);
            Bind(parameters, arguments, inner);
            var text = Capture(body, inner);
            _line = line;
            _calls--;
            return text;
        });

    private void Bind(JinjaParameter[] parameters, JinjaArguments arguments, JinjaScope scope)
    {
        for (var i = 0; i < parameters.Length; i++)
        {
            var value = arguments.Get(i, parameters[i].Name);
            if (value is JinjaUndefined && parameters[i].Default is { } standard)
            {
                value = Evaluate(standard, scope);
            }

            scope.Set(parameters[i].Name, value);
        }

        var rest = new JinjaMap();
        foreach (var (key, value) in arguments.Named)
        {
            if (key == "caller")
            {
                scope.Set(key, value);
            }
            else if (!Array.Exists(parameters, p => p.Name == key))
            {
                rest.Set(key, value);
            }
        }

        scope.Set("kwargs", rest);
        scope.Set("varargs", new JinjaList([.. arguments.Positional.Skip(parameters.Length)], isTuple: true));
    }

    private void EnterCall()
    {
        if (++_calls > JinjaLimits.Calls)
        {
            throw new JinjaFault(JinjaError.Limit, $"calls nested more than {JinjaLimits.Calls} deep");
        }
    }

    private void Enter(int line)
    {
        _line = line;
        Budget.Steps();
        if (++_depth > JinjaLimits.Depth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new JinjaFault(JinjaError.Limit, $"nested more than {JinjaLimits.Depth} deep");
        }
    }
}
