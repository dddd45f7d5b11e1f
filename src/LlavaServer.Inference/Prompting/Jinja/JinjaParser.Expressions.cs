using System.Globalization;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <content>Expressions, from the operator that binds least to the one that binds most.</content>
internal sealed partial class JinjaParser
{
    private static readonly string[] s_comparisons = ["==", "!=", "<=", ">=", "<", ">"];

    /// <summary>An expression, or several with commas between them: then a tuple.</summary>
    private JinjaExpression ParseTuple(bool withChoice = true)
    {
        var line = Current.Line;
        var first = withChoice ? ParseExpression() : ParseOr();
        if (!Current.Is(","))
        {
            return first;
        }

        var items = new List<JinjaExpression> { first };
        while (Take(",") && (StartsExpression() || Current.IsName("not")))
        {
            items.Add(withChoice ? ParseExpression() : ParseOr());
        }

        return new JinjaExpression.ListOf(line, [.. items], IsTuple: true);
    }

    private JinjaExpression ParseExpression()
    {
        Enter();
        var line = Current.Line;
        var value = ParseOr();
        while (TakeName("if"))
        {
            var condition = ParseOr();
            value = new JinjaExpression.Choice(line, value, condition, TakeName("else") ? ParseExpression() : null);
        }

        _nesting--;
        return value;
    }

    private JinjaExpression ParseOr() => ParseLogical("or", isOr: true);

    private JinjaExpression ParseLogical(string name, bool isOr)
    {
        var line = Current.Line;
        var operands = new List<JinjaExpression>();
        do
        {
            operands.Add(isOr ? ParseLogical("and", isOr: false) : ParseNot());
        }
        while (TakeName(name));

        return operands.Count == 1 ? operands[0] : new JinjaExpression.Logical(line, isOr, [.. operands]);
    }

    private JinjaExpression ParseNot()
    {
        var line = Current.Line;
        if (Current.IsName("not") && !_tokens[_position + 1].IsName("in"))
        {
            Next();
            Enter();
            var operand = ParseNot();
            _nesting--;
            return new JinjaExpression.Not(line, operand);
        }

        return ParseComparison();
    }

    private JinjaExpression ParseComparison()
    {
        var line = Current.Line;
        var first = ParseSum();
        var rest = new List<KeyValuePair<string, JinjaExpression>>();
        while (true)
        {
            if (Current.Kind == JinjaTokenKind.Operator && s_comparisons.Contains(Current.Text))
            {
                rest.Add(new(Next().Text, ParseSum()));
            }
            else if (TakeName("in"))
            {
                rest.Add(new("in", ParseSum()));
            }
            else if (Current.IsName("not") && _tokens[_position + 1].IsName("in"))
            {
                _position += 2;
                rest.Add(new("not in", ParseSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new JinjaExpression.Compare(line, first, [.. rest]);
            }
        }
    }

    private JinjaExpression ParseSum() => ParseChain(ParseConcatenation, "+", "-");

    private JinjaExpression ParseConcatenation() => ParseChain(ParseProduct, "~");

    private JinjaExpression ParseProduct() => ParseChain(ParsePower, "*", "/", "//", "%");

    private JinjaExpression ParsePower() => ParseChain(() => ParseSigned(withFilters: true), "**");

    private JinjaExpression ParseChain(Func<JinjaExpression> operand, params string[] operators)
    {
        var line = Current.Line;
        var first = operand();
        if (Current.Kind != JinjaTokenKind.Operator || !operators.Contains(Current.Text))
        {
            return first;
        }

        var rest = new List<KeyValuePair<string, JinjaExpression>>();
        while (Current.Kind == JinjaTokenKind.Operator && operators.Contains(Current.Text))
        {
            rest.Add(new(Next().Text, operand()));
        }

        return new JinjaExpression.Chain(line, first, [.. rest]);
    }

    private JinjaExpression ParseSigned(bool withFilters)
    {
        var line = Current.Line;
        JinjaExpression value;
        if (Current.Is("-") || Current.Is("+"))
        {
            var isMinus = Next().Text == "-";
            Enter();
            value = new JinjaExpression.Sign(line, isMinus, ParseSigned(withFilters: false));
            _nesting--;
        }
        else
        {
            value = ParsePostfix(ParsePrimary());
        }

        return withFilters ? ParseFilters(value, first: false) : value;
    }

    private JinjaExpression ParsePrimary()
    {
        var token = Next();
        switch (token.Kind)
        {
            case JinjaTokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new JinjaExpression.Literal(token.Line, true),
                    "false" or "False" => new JinjaExpression.Literal(token.Line, false),
                    "none" or "None" => new JinjaExpression.Literal(token.Line, null),
                    _ => new JinjaExpression.Variable(token.Line, token.Text),
                };
            case JinjaTokenKind.String:
                var text = token.Text;
                while (Current.Kind == JinjaTokenKind.String)
                {
                    text += Next().Text;
                }

                return new JinjaExpression.Literal(token.Line, JinjaText.Of(text));
            case JinjaTokenKind.Integer:
                return long.TryParse(token.Text, CultureInfo.InvariantCulture, out var integer)
                    ? new JinjaExpression.Literal(token.Line, integer)
                    : throw Fail("a number is too large");
            case JinjaTokenKind.Float:
                return double.TryParse(token.Text, CultureInfo.InvariantCulture, out var number)
                    ? new JinjaExpression.Literal(token.Line, number)
                    : throw Fail("a number is broken");
            default:
                if (token.Is("("))
                {
                    if (Take(")"))
                    {
                        return new JinjaExpression.ListOf(token.Line, [], IsTuple: true);
                    }

                    var inner = ParseTuple();
                    Expect(")");
                    return inner;
                }

                if (token.Is("["))
                {
                    return new JinjaExpression.ListOf(token.Line, ParseItems("]"), IsTuple: false);
                }

                if (token.Is("{"))
                {
                    return ParseMap(token.Line);
                }

                _position -= token.Kind == JinjaTokenKind.End ? 0 : 1;
                throw Unexpected();
        }
    }

    private JinjaExpression[] ParseItems(string end)
    {
        var items = new List<JinjaExpression>();
        while (!Take(end))
        {
            items.Add(ParseExpression());
            if (!Current.Is(end))
            {
                Expect(",");
            }
        }

        return [.. items];
    }

    private JinjaExpression.MapOf ParseMap(int line)
    {
        var entries = new List<KeyValuePair<JinjaExpression, JinjaExpression>>();
        while (!Take("}"))
        {
            var key = ParseExpression();
            Expect(":");
            entries.Add(new(key, ParseExpression()));
            if (!Current.Is("}"))
            {
                Expect(",");
            }
        }

        return new JinjaExpression.MapOf(line, [.. entries]);
    }

    private JinjaExpression ParsePostfix(JinjaExpression value)
    {
        while (true)
        {
            var line = Current.Line;
            if (Take("."))
            {
                value = Current.Kind == JinjaTokenKind.Integer
                    ? new JinjaExpression.Index(line, value, ParsePrimary())
                    : new JinjaExpression.Member(line, value, ExpectName());
            }
            else if (Take("["))
            {
                value = ParseSubscript(line, value);
            }
            else if (Current.Is("("))
            {
                value = new JinjaExpression.Call(line, value, ParseArguments());
            }
            else
            {
                return value;
            }
        }
    }

    private JinjaExpression ParseSubscript(int line, JinjaExpression value)
    {
        JinjaExpression? start = Current.Is(":") ? null : ParseTuple();
        if (!Take(":"))
        {
            Expect("]");
            return new JinjaExpression.Index(line, value, start!);
        }

        var stop = Current.Is(":") || Current.Is("]") ? null : ParseExpression();
        var step = Take(":") && !Current.Is("]") ? ParseExpression() : null;
        Expect("]");
        return new JinjaExpression.Slice(line, value, start, stop, step);
    }

    private JinjaArgumentList ParseArguments()
    {
        var positional = new List<JinjaExpression>();
        var named = new List<KeyValuePair<string, JinjaExpression>>();
        JinjaExpression? spread = null;
        JinjaExpression? namedSpread = null;
        Expect("(");
        while (!Take(")"))
        {
            if (Take("*"))
            {
                spread = ParseExpression();
            }
            else if (Take("**"))
            {
                namedSpread = ParseExpression();
            }
            else if (Current.Kind == JinjaTokenKind.Name && _tokens[_position + 1].Is("="))
            {
                var name = Next().Text;
                Next();
                named.Add(new(name, ParseExpression()));
            }
            else
            {
                positional.Add(ParseExpression());
            }

            if (!Current.Is(")"))
            {
                Expect(",");
            }
        }

        return new JinjaArgumentList([.. positional], [.. named], spread, namedSpread);
    }

    /// <summary>Filters and tests behind a value; <paramref name="first"/> if the name of the first filter stands without its bar.</summary>
    private JinjaExpression ParseFilters(JinjaExpression value, bool first)
    {
        while (true)
        {
            var line = Current.Line;
            if (first || Take("|"))
            {
                first = false;
                var name = ExpectName();
                var filter = JinjaFilters.Find(name) ?? throw Fail($"the filter '{name}' is not supported");
                value = new JinjaExpression.Filtered(line, value, filter, Current.Is("(") ? ParseArguments() : JinjaArgumentList.None);
            }
            else if (TakeName("is"))
            {
                value = ParseTest(line, value);
            }
            else
            {
                return value;
            }
        }
    }

    private JinjaExpression.Tested ParseTest(int line, JinjaExpression value)
    {
        var isNegated = TakeName("not");
        var name = Current.Kind == JinjaTokenKind.Operator ? Next().Text : ExpectName();
        var test = JinjaTests.Find(name) ?? throw Fail($"the test '{name}' is not supported");
        var arguments = JinjaArgumentList.None;
        if (Current.Is("("))
        {
            arguments = ParseArguments();
        }
        else if (StartsExpression() && !(Current.Kind == JinjaTokenKind.Operator && Current.Text is "+" or "-"))
        {
            arguments = new JinjaArgumentList([ParsePostfix(ParsePrimary())], [], null, null);
        }

        return new JinjaExpression.Tested(line, value, test, arguments, isNegated);
    }

    private bool StartsExpression() => Current.Kind switch
    {
        JinjaTokenKind.Name => Current.Text is not ("if" or "else" or "and" or "or" or "is" or "in" or "not" or "recursive"),
        JinjaTokenKind.String or JinjaTokenKind.Integer or JinjaTokenKind.Float => true,
        JinjaTokenKind.Operator => Current.Text is "(" or "[" or "{" or "+" or "-",
        _ => false,
    };
}
