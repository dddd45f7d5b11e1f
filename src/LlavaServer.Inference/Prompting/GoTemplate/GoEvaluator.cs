using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>One rendering of a parsed template. Owned by one thread. (Semantics: Go's text/template/exec, with missing keys as zero values.)</summary>
internal sealed partial class GoEvaluator
{
    private readonly GoProgram _program;
    private readonly JinjaBudget _budget;
    private readonly JinjaTextBuilder _output;
    private readonly DateTimeOffset _now;
    private List<(string Name, object? Value)> _variables = [];
    private int _depth;
    private int _line = 1;

    private GoEvaluator(GoProgram program, JinjaBudget budget, DateTimeOffset now)
    {
        _program = program;
        _budget = budget;
        _output = new JinjaTextBuilder(budget);
        _now = now;
    }

    private enum Flow
    {
        On,
        Break,
        Continue,
    }

    /// <summary>Throws <see cref="JinjaException"/>.</summary>
    public static JinjaText Render(GoProgram program, IReadOnlyList<GoNode> nodes, object? data, DateTimeOffset now, JinjaBudget budget)
    {
        var evaluator = new GoEvaluator(program, budget, now) { _variables = [("$", data)] };
        try
        {
            evaluator.Walk(nodes, data);
            return evaluator._output.ToText();
        }
        catch (JinjaFault fault)
        {
            throw new JinjaException(fault.Error, program.Name, evaluator._line, fault.Message);
        }
    }

    private Flow Walk(IReadOnlyList<GoNode> nodes, object? dot)
    {
        foreach (var node in nodes)
        {
            var flow = Walk(node, dot);
            if (flow != Flow.On)
            {
                return flow;
            }
        }

        return Flow.On;
    }

    private Flow Walk(GoNode node, object? dot)
    {
        Enter();
        _budget.Steps();
        _line = node.Line;
        var flow = Flow.On;
        switch (node)
        {
            case GoTextNode text:
                _output.Append(text.Text);
                break;
            case GoActionNode action:
                var value = Evaluate(dot, action.Pipe);
                if (action.Pipe.Variables.Length == 0)
                {
                    _output.Append(GoPrinter.Printed(value, _budget));
                }

                break;
            case GoJumpNode jump:
                flow = jump.IsBreak ? Flow.Break : Flow.Continue;
                break;
            case GoCallNode call:
                Call(dot, call);
                break;
            case GoBranchNode branch:
                var mark = _variables.Count;
                flow = branch.Kind == GoTokenKind.Range ? Range(dot, branch) : Choose(dot, branch);
                _variables.RemoveRange(mark, _variables.Count - mark);
                break;
        }

        _depth--;
        return flow;
    }

    private void Enter()
    {
        if (++_depth > JinjaLimits.Depth)
        {
            throw new JinjaFault(JinjaError.Limit, $"nested more than {JinjaLimits.Depth} deep");
        }
    }

    private Flow Choose(object? dot, GoBranchNode branch)
    {
        var value = Evaluate(dot, branch.Pipe);
        return GoValues.Truth(value) ? Walk(branch.Body, branch.Kind == GoTokenKind.With ? value : dot)
            : branch.Otherwise is { } otherwise ? Walk(otherwise, dot)
            : Flow.On;
    }

    private void Call(object? dot, GoCallNode call)
    {
        var nodes = _program.Part(call.Name) ?? throw JinjaFault.Value($"template \"{call.Name}\" not defined");
        var data = call.Pipe is { } pipe ? Evaluate(dot, pipe) : null;
        var variables = _variables;
        _variables = [("$", data)];
        Walk(nodes, data);
        _variables = variables;
    }

    private Flow Range(object? dot, GoBranchNode branch)
    {
        var value = Evaluate(dot, branch.Pipe);
        var names = branch.Pipe.Variables;
        var mark = _variables.Count;
        var items = value switch
        {
            GoList list => Enumerable.Range(0, list.Count).Select(i => ((object?)(long)i, list[i])),
            GoMap map => map.Entries.Select(static e => ((object?)e.Key, e.Value)),
            long when names.Length > 1 => throw JinjaFault.Value($"can't use {value} to iterate over more than one variable"),
            long count => Numbers(count).Select(static i => ((object?)null, (object?)i)),
            byte count => Numbers(count).Select(static i => ((object?)null, (object?)i)),
            null => [],
            _ => throw JinjaFault.Value($"range can't iterate over {GoPrinter.Printed(value, _budget).Value}"),
        };
        var isEmpty = true;
        foreach (var (index, item) in items)
        {
            isEmpty = false;
            _budget.Steps();
            if (names.Length > 0 && branch.Pipe.IsAssign)
            {
                Assign(names[0], names.Length > 1 ? index : item);
            }
            else if (names.Length > 0)
            {
                _variables[mark - 1] = (names[^1], item);
            }

            if (names.Length > 1 && branch.Pipe.IsAssign)
            {
                Assign(names[1], item);
            }
            else if (names.Length > 1)
            {
                _variables[mark - 2] = (names[0], index);
            }

            var flow = Walk(branch.Body, item);
            _variables.RemoveRange(mark, _variables.Count - mark);
            if (flow == Flow.Break)
            {
                break;
            }
        }

        return isEmpty && branch.Otherwise is { } otherwise ? Walk(otherwise, dot) : Flow.On;
    }

    private static IEnumerable<long> Numbers(long count)
    {
        for (long i = 0; i < count; i++)
        {
            yield return i;
        }
    }

    private void Assign(string name, object? value)
    {
        var index = _variables.FindLastIndex(v => v.Name == name);
        _variables[index >= 0 ? index : throw JinjaFault.Value($"undefined variable: {name}")] = (name, value);
    }
}
