using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <content>Pipelines, commands and operands.</content>
internal sealed partial class GoParser
{
    private GoPipe Pipeline(string context, GoTokenKind end)
    {
        var line = PeekWord().Line;
        var names = new List<string>();
        var isAssign = Declarations(context, names);
        var commands = new List<GoCommand>();
        while (true)
        {
            var token = NextWord();
            if (token.Kind == end)
            {
                return commands.Count > 0 ? new GoPipe(line, isAssign, [.. names], [.. commands]) : throw Wrong($"missing value for {context}");
            }

            if (token.Kind is not (GoTokenKind.Boolean or GoTokenKind.CharacterLiteral or GoTokenKind.Dot or GoTokenKind.Field or GoTokenKind.Identifier
                or GoTokenKind.Number or GoTokenKind.Nil or GoTokenKind.RawText or GoTokenKind.Quoted or GoTokenKind.Variable or GoTokenKind.LeftParenthesis))
            {
                throw Unexpected(token, context);
            }

            Back(token);
            var command = Command();
            if (commands.Count > 0 && command.Operands[0] is GoConstant or GoDot or GoNilLiteral)
            {
                throw Wrong($"non executable command in pipeline stage {commands.Count + 1}");
            }

            commands.Add(command);
        }
    }

    // "$x :=", "$x =" and, in a range, "$i, $x :=". Returns whether it assigns.
    private bool Declarations(string context, List<string> names)
    {
        while (PeekWord().Kind == GoTokenKind.Variable)
        {
            var variable = NextWord();
            var space = Next();
            var hasSpace = space.Kind == GoTokenKind.Space;
            var next = hasSpace ? NextWord() : space;
            if (next.Kind is GoTokenKind.Assign or GoTokenKind.Declare)
            {
                names.Add(variable.Text);
                _variables.Add(variable.Text);
                return next.Kind == GoTokenKind.Assign;
            }

            if (next is { Kind: GoTokenKind.Character, Text: "," })
            {
                names.Add(variable.Text);
                _variables.Add(variable.Text);
                if (context != "range" || names.Count > 1)
                {
                    throw Wrong($"too many declarations in {context}");
                }

                if (PeekWord().Kind is not (GoTokenKind.Variable or GoTokenKind.RightDelimiter or GoTokenKind.RightParenthesis))
                {
                    throw Wrong("range can only initialize variables");
                }

                continue;
            }

            Back(next);
            if (hasSpace)
            {
                Back(space);
            }

            Back(variable);
            return false;
        }

        return false;
    }

    private GoCommand Command()
    {
        var operands = new List<GoOperand>();
        while (true)
        {
            PeekWord();
            if (Operand() is { } operand)
            {
                operands.Add(operand);
            }

            var token = Next();
            switch (token.Kind)
            {
                case GoTokenKind.Space:
                    continue;
                case GoTokenKind.RightDelimiter or GoTokenKind.RightParenthesis:
                    Back(token);
                    break;
                case GoTokenKind.Pipe:
                    break;
                default:
                    throw Unexpected(token, "operand");
            }

            return operands.Count > 0 ? new GoCommand([.. operands]) : throw Wrong("empty command");
        }
    }

    private GoOperand? Operand()
    {
        if (Term() is not { } term)
        {
            return null;
        }

        var names = new List<string>();
        while (Peek().Kind == GoTokenKind.Field)
        {
            names.Add(Next().Text[1..]);
        }

        return names.Count == 0 ? term : term switch
        {
            GoField field => new GoField([.. field.Names, .. names]),
            GoVariable variable => new GoVariable(variable.Name, [.. variable.Names, .. names]),
            GoConstant or GoNilLiteral or GoDot => throw Wrong($"unexpected . after term \"{term.Spelling}\""),
            _ => new GoChain(term, [.. names]),
        };
    }

    private GoOperand? Term()
    {
        var token = NextWord();
        switch (token.Kind)
        {
            case GoTokenKind.Identifier:
                return GoFunctions.Knows(token.Text) ? new GoFunctionName(token.Text) : throw Wrong($"function \"{token.Text}\" not defined");
            case GoTokenKind.Dot:
                return new GoDot();
            case GoTokenKind.Nil:
                return new GoNilLiteral();
            case GoTokenKind.Variable:
                return _variables.Contains(token.Text) ? new GoVariable(token.Text, []) : throw Wrong($"undefined variable \"{token.Text}\"");
            case GoTokenKind.Field:
                return new GoField([token.Text[1..]]);
            case GoTokenKind.Boolean:
                return new GoConstant(token.Text == "true", token.Text);
            case GoTokenKind.Number:
                return new GoConstant(GoLiterals.Number(token.Text), token.Text);
            case GoTokenKind.CharacterLiteral:
                return new GoConstant(GoLiterals.Character(token.Text), token.Text);
            case GoTokenKind.Quoted:
                return new GoConstant(JinjaText.Of(GoLiterals.Quoted(token.Text)), token.Text);
            case GoTokenKind.RawText:
                return new GoConstant(JinjaText.Of(token.Text[1..^1].Replace("\r", "", StringComparison.Ordinal)), token.Text);
            case GoTokenKind.LeftParenthesis:
                if (++_depth > Nesting)
                {
                    throw new JinjaFault(JinjaError.Limit, $"parentheses nested more than {Nesting} deep");
                }

                var pipe = Pipeline("parenthesized pipeline", GoTokenKind.RightParenthesis);
                _depth--;
                return pipe;
            default:
                Back(token);
                return null;
        }
    }
}
