namespace LlavaServer.Inference.Prompting.Jinja;

/// <content>Expressions.</content>
internal sealed partial class JinjaEvaluator
{
    private object? Evaluate(JinjaExpression expression, JinjaScope scope)
    {
        Enter(expression.Line);
        var value = expression switch
        {
            JinjaExpression.Literal literal => literal.Value,
            JinjaExpression.Variable variable => Find(variable.Name, scope),
            JinjaExpression.ListOf list => new JinjaList(EvaluateAll(list.Items, scope), list.IsTuple),
            JinjaExpression.MapOf map => EvaluateMap(map, scope),
            JinjaExpression.Chain chain => EvaluateChain(chain, scope),
            JinjaExpression.Logical logical => EvaluateLogical(logical, scope),
            JinjaExpression.Compare compare => EvaluateCompare(compare, scope),
            JinjaExpression.Not not => !JinjaValues.IsTrue(Evaluate(not.Operand, scope)),
            JinjaExpression.Sign sign => JinjaArithmetic.Sign(Evaluate(sign.Operand, scope), sign.IsMinus),
            JinjaExpression.Choice choice => EvaluateChoice(choice, scope),
            JinjaExpression.Member member => JinjaMembers.Get(Evaluate(member.Target, scope), member.Text),
            JinjaExpression.Index index => JinjaMembers.At(Evaluate(index.Target, scope), Evaluate(index.Key, scope), Budget),
            JinjaExpression.Slice slice => EvaluateSlice(slice, scope),
            JinjaExpression.Call call => Call(call, scope, null),
            JinjaExpression.Filtered filtered => filtered.Filter(Evaluate(filtered.Value, scope), EvaluateArguments(filtered.Arguments, scope)),
            JinjaExpression.Tested tested =>
                JinjaValues.IsTrue(tested.Test(Evaluate(tested.Value, scope), EvaluateArguments(tested.Arguments, scope))) != tested.IsNegated,
            _ => throw JinjaFault.Value("not an expression"),
        };
        _line = expression.Line;
        _depth--;
        return value;
    }

    private static object? Find(string name, JinjaScope scope) =>
        scope.TryGet(name, out var value) ? value : JinjaFunctions.Find(name) ?? (object)JinjaUndefined.Instance;

    private List<object?> EvaluateAll(JinjaExpression[] expressions, JinjaScope scope)
    {
        var values = new List<object?>(expressions.Length);
        foreach (var expression in expressions)
        {
            values.Add(Evaluate(expression, scope));
        }

        return values;
    }

    private JinjaMap EvaluateMap(JinjaExpression.MapOf map, JinjaScope scope)
    {
        var result = new JinjaMap();
        foreach (var (key, value) in map.Entries)
        {
            var name = Evaluate(key, scope);
            Budget.Text((name as JinjaText)?.Length ?? 0);
            result.Set(name, Evaluate(value, scope));
        }

        return result;
    }

    private object? EvaluateChain(JinjaExpression.Chain chain, JinjaScope scope)
    {
        var value = Evaluate(chain.First, scope);
        foreach (var (symbol, operand) in chain.Rest)
        {
            value = JinjaArithmetic.Apply(symbol, value, Evaluate(operand, scope), Budget);
        }

        return value;
    }

    private object? EvaluateLogical(JinjaExpression.Logical logical, JinjaScope scope)
    {
        object? value = null;
        foreach (var operand in logical.Operands)
        {
            value = Evaluate(operand, scope);
            if (JinjaValues.IsTrue(value) == logical.IsOr)
            {
                break;
            }
        }

        return value;
    }

    private bool EvaluateCompare(JinjaExpression.Compare compare, JinjaScope scope)
    {
        var left = Evaluate(compare.First, scope);
        foreach (var (symbol, operand) in compare.Rest)
        {
            var right = Evaluate(operand, scope);
            if (!Holds(symbol, left, right))
            {
                return false;
            }

            left = right;
        }

        return true;
    }

    private bool Holds(string symbol, object? left, object? right) => symbol switch
    {
        "==" => JinjaValues.AreEqual(left, right, Budget),
        "!=" => !JinjaValues.AreEqual(left, right, Budget),
        "in" => JinjaValues.Contains(right, left, Budget),
        "not in" => !JinjaValues.Contains(right, left, Budget),
        "<" => JinjaValues.Compare(left, right, Budget) < 0,
        "<=" => JinjaValues.Compare(left, right, Budget) <= 0,
        ">" => JinjaValues.Compare(left, right, Budget) > 0,
        _ => JinjaValues.Compare(left, right, Budget) >= 0,
    };

    private object? EvaluateChoice(JinjaExpression.Choice choice, JinjaScope scope) => JinjaValues.IsTrue(Evaluate(choice.Condition, scope))
        ? Evaluate(choice.Then, scope)
        : choice.Else is null ? JinjaUndefined.Instance : Evaluate(choice.Else, scope);

    private object? EvaluateSlice(JinjaExpression.Slice slice, JinjaScope scope)
    {
        long? Bound(JinjaExpression? expression) => expression is null ? null : Evaluate(expression, scope) switch
        {
            null => null,
            var value => JinjaValues.Integer(value),
        };

        var target = Evaluate(slice.Target, scope);
        return JinjaMembers.Slice(target, Bound(slice.Start), Bound(slice.Stop), Bound(slice.Step) ?? 1, Budget);
    }

    private object? Call(JinjaExpression.Call call, JinjaScope scope, JinjaFunction? caller)
    {
        var target = Evaluate(call.Target, scope);
        var arguments = EvaluateArguments(call.Arguments, scope);
        if (caller is not null)
        {
            arguments.Named.Add(new("caller", caller));
        }

        _line = call.Line;
        return target switch
        {
            JinjaFunction function => function.Call(arguments),
            JinjaLoop loop => loop.Recurse(arguments.Require(0, "iterable")),
            _ => throw JinjaFault.Value($"{Describe(call.Target)} cannot be called"),
        };
    }

    private static string Describe(JinjaExpression expression) => expression switch
    {
        JinjaExpression.Variable variable => $"'{variable.Name}'",
        JinjaExpression.Member member => $"'{member.Text}'",
        _ => "the value",
    };

    private JinjaArguments EvaluateArguments(JinjaArgumentList list, JinjaScope scope)
    {
        var positional = EvaluateAll(list.Positional, scope);
        var named = new List<KeyValuePair<string, object?>>(list.Named.Length);
        foreach (var (name, value) in list.Named)
        {
            named.Add(new(name, Evaluate(value, scope)));
        }

        if (list.Spread is { } spread)
        {
            positional.AddRange(JinjaValues.Items(Evaluate(spread, scope), Budget));
        }

        if (list.NamedSpread is { } namedSpread && Evaluate(namedSpread, scope) is JinjaMap map)
        {
            Budget.Steps(map.Count);
            named.AddRange(map.Entries.Select(e => new KeyValuePair<string, object?>((e.Key as JinjaText)?.Value ?? "", e.Value)));
        }

        return new JinjaArguments(this, positional, named);
    }
}
