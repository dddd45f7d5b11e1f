using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <content>Pipelines, fields and calls.</content>
internal sealed partial class GoEvaluator
{
    // What stands for the value of an earlier stage where there is none.
    private static readonly object s_missing = new();

    private object? Evaluate(object? dot, GoPipe pipe)
    {
        Enter();
        _line = pipe.Line;
        var value = s_missing;
        foreach (var command in pipe.Commands)
        {
            value = GoNil.Unwrap(Evaluate(dot, command, value));
        }

        foreach (var name in pipe.Variables)
        {
            if (pipe.IsAssign)
            {
                Assign(name, value);
            }
            else
            {
                _budget.Steps();
                _variables.Add((name, value));
            }
        }

        _depth--;
        return value;
    }

    private object? Evaluate(object? dot, GoCommand command, object? final)
    {
        _budget.Steps();
        var first = command.Operands[0];
        var takesArguments = command.Operands.Length > 1 || final != s_missing;
        if (first is GoFunctionName function)
        {
            return Call(dot, function.Name, command.Operands.AsSpan(1), final);
        }

        if (takesArguments && first is GoField or GoVariable { Names.Length: > 0 } or GoChain)
        {
            var value = Value(dot, first);
            throw JinjaFault.Value($"{first.Spelling} has arguments but cannot be invoked as function (it is of type {GoValues.TypeOf(value)})");
        }

        return takesArguments ? throw JinjaFault.Value($"can't give argument to non-function {first.Spelling}")
            : first is GoNilLiteral ? throw JinjaFault.Value("nil is not a command")
            : Value(dot, first);
    }

    private object? Value(object? dot, GoOperand operand) => operand switch
    {
        GoConstant constant => constant.Value,
        GoDot => dot,
        GoField field => Fields(dot, field.Names),
        GoVariable variable => Fields(Read(variable.Name), variable.Names),
        GoChain { Of: GoNilLiteral } => throw JinjaFault.Value("indirection through explicit nil"),
        GoChain chain => Fields(Value(dot, chain.Of), chain.Names),
        GoPipe pipe => Evaluate(dot, pipe),
        GoFunctionName function => Call(dot, function.Name, [], s_missing),
        _ => null,
    };

    private object? Read(string name)
    {
        var index = _variables.FindLastIndex(v => v.Name == name);
        return index >= 0 ? _variables[index].Value : throw JinjaFault.Value($"undefined variable: {name}");
    }

    private object? Fields(object? value, string[] names)
    {
        foreach (var name in names)
        {
            _budget.Steps();
            value = Field(value, name);
        }

        return value;
    }

    private object? Field(object? value, string name)
    {
        switch (value)
        {
            case null:
                return null;
            case GoNil:
                throw JinjaFault.Value($"nil pointer evaluating interface {{}}.{name}");
            case GoList { Shape: GoShape.Json or GoShape.Types } or GoMap { Shape: GoShape.Json } or GoStruct { Shape: GoShape.Json } when name == "String":
                return GoPrinter.Text(value, _budget);
            case GoStruct { Shape: GoShape.Property } when name == "ToTypeScriptType":
                return GoFunctions.TypeScript(value, _budget);
            case GoStruct structure when structure.Find(name) is { } field:
                return field.Value;
            case GoMap map:
                return map.TryGet(name, out var member) ? member : map.Missing;
            default:
                throw JinjaFault.Value($"can't evaluate field {name} in type {GoValues.TypeOf(value)}");
        }
    }

    private object? Call(object? dot, string name, ReadOnlySpan<GoOperand> operands, object? final)
    {
        Enter();
        GoFunctions.CheckCount(name, operands.Length + (final == s_missing ? 0 : 1));
        object? result;
        if (name is "and" or "or")
        {
            result = Shortcut(dot, name == "or", operands, final);
        }
        else
        {
            var arguments = new List<object?>(operands.Length + 1);
            foreach (var operand in operands)
            {
                arguments.Add(Value(dot, operand));
            }

            if (final != s_missing)
            {
                arguments.Add(final);
            }

            _budget.Steps(arguments.Count);
            result = GoFunctions.Call(name, [.. arguments], _now, _budget);
        }

        _depth--;
        return result;
    }

    // The first argument that decides; those behind it are not evaluated.
    private object? Shortcut(object? dot, bool decides, ReadOnlySpan<GoOperand> operands, object? final)
    {
        object? value = null;
        foreach (var operand in operands)
        {
            value = GoNil.Unwrap(Value(dot, operand));
            if (GoValues.Truth(value) == decides)
            {
                return value;
            }
        }

        return final != s_missing ? final : value;
    }
}
