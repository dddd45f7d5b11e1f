namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>
/// Compiles a template. The language is Jinja without what reaches outside of a template (include, import, extends) and without attributes of objects;
/// names of filters and tests are checked here, so that a template outside of it is known when its model is loaded. One use.
/// </summary>
internal sealed partial class JinjaParser
{
    /// <summary>The name of the text that a filter block works on; cannot be written in a template.</summary>
    public const string Captured = "{body}";

    private readonly string _name;
    private readonly List<JinjaToken> _tokens;
    private int _position;
    private int _nesting;

    private JinjaParser(string name, List<JinjaToken> tokens)
    {
        _name = name;
        _tokens = tokens;
    }

    private JinjaToken Current => _tokens[_position];

    /// <summary>Throws <see cref="JinjaException"/>.</summary>
    public static JinjaStatement[] Parse(string name, string source)
    {
        if (source.Length > JinjaLimits.SourceChars)
        {
            throw new JinjaException(JinjaError.Limit, name, 1, $"longer than {JinjaLimits.SourceChars} characters");
        }

        var parser = new JinjaParser(name, JinjaLexer.Read(name, source));
        var body = parser.ParseBody();
        return parser.Current.Kind == JinjaTokenKind.End ? body : throw parser.Unexpected();
    }

    /// <summary>Reads statements up to the end or to a block tag that starts with one of the names.</summary>
    private JinjaStatement[] ParseBody(params ReadOnlySpan<string> ends)
    {
        var body = new List<JinjaStatement>();
        while (Current.Kind != JinjaTokenKind.End)
        {
            var line = Current.Line;
            switch (Current.Kind)
            {
                case JinjaTokenKind.Text:
                    body.Add(new JinjaStatement.Text(line, Next().Text));
                    break;
                case JinjaTokenKind.ExpressionStart:
                    Next();
                    body.Add(new JinjaStatement.Output(line, ParseTuple()));
                    Expect(JinjaTokenKind.ExpressionEnd, "'}}'");
                    break;
                default:
                    if (ends.Contains(_tokens[_position + 1].Text))
                    {
                        return [.. body];
                    }

                    Next();
                    Enter();
                    body.Add(ParseStatement(line));
                    _nesting--;
                    break;
            }
        }

        return ends.IsEmpty ? [.. body] : throw Fail($"'{ends[^1]}' is missing");
    }

    private JinjaStatement ParseStatement(int line)
    {
        var keyword = ExpectName();
        switch (keyword)
        {
            case "if":
                return ParseIf(line);
            case "for":
                return ParseFor(line);
            case "set":
                return ParseSet(line);
            case "macro":
                return ParseMacro(line);
            case "call":
                return ParseCallBlock(line);
            case "filter":
                var filters = ParseFilters(new JinjaExpression.Variable(line, Captured), first: true);
                return new JinjaStatement.FilterBlock(line, filters, ParseRest("endfilter"));
            case "with":
                return ParseWith(line);
            case "generation":
                return new JinjaStatement.Block(line, ParseRest("endgeneration"));
            case "break" or "continue":
                EndTag();
                return keyword == "break" ? new JinjaStatement.Break(line) : new JinjaStatement.Continue(line);
            default:
                throw Fail($"the statement '{keyword}' is not supported");
        }
    }

    private JinjaStatement.If ParseIf(int line)
    {
        var branches = new List<KeyValuePair<JinjaExpression, JinjaStatement[]>>();
        while (true)
        {
            var condition = ParseTuple();
            EndTag();
            branches.Add(new(condition, ParseBody("elif", "else", "endif")));
            Next();
            var keyword = ExpectName();
            if (keyword == "elif")
            {
                continue;
            }

            if (keyword == "else")
            {
                EndTag();
                var otherwise = ParseBody("endif");
                EndBlock();
                return new JinjaStatement.If(line, [.. branches], otherwise);
            }

            EndTag();
            return new JinjaStatement.If(line, [.. branches], []);
        }
    }

    private JinjaStatement.For ParseFor(int line)
    {
        var target = ParseTarget(attributes: false);
        ExpectName("in");
        var iterable = ParseTuple(withChoice: false);
        var filter = TakeName("if") ? ParseExpression() : null;
        var isRecursive = TakeName("recursive");
        EndTag();
        var body = ParseBody("else", "endfor");
        Next();
        JinjaStatement[] otherwise = [];
        if (ExpectName() == "else")
        {
            EndTag();
            otherwise = ParseBody("endfor");
            EndBlock();
        }
        else
        {
            EndTag();
        }

        return new JinjaStatement.For(line, target, iterable, filter, isRecursive, body, otherwise);
    }

    private JinjaStatement ParseSet(int line)
    {
        var target = ParseTarget(attributes: true);
        if (Take("="))
        {
            var value = ParseTuple();
            EndTag();
            return new JinjaStatement.Set(line, target, value);
        }

        var filters = Current.Is("|") ? ParseFilters(new JinjaExpression.Variable(line, Captured), first: false) : null;
        return new JinjaStatement.SetBlock(line, target, filters, ParseRest("endset"));
    }

    private JinjaStatement.Macro ParseMacro(int line)
    {
        var name = ExpectName();
        var parameters = ParseParameters();
        return new JinjaStatement.Macro(line, name, parameters, ParseRest("endmacro"));
    }

    private JinjaStatement.CallBlock ParseCallBlock(int line)
    {
        var parameters = Current.Is("(") ? ParseParameters() : [];
        return ParseExpression() is JinjaExpression.Call call
            ? new JinjaStatement.CallBlock(line, parameters, call, ParseRest("endcall"))
            : throw Fail("'call' needs a call");
    }

    private JinjaStatement.With ParseWith(int line)
    {
        var values = new List<KeyValuePair<JinjaTarget, JinjaExpression>>();
        while (Current.Kind != JinjaTokenKind.StatementEnd)
        {
            var name = new JinjaTarget(ExpectName(), null, []);
            Expect("=");
            values.Add(new(name, ParseExpression()));
            if (!Take(","))
            {
                break;
            }
        }

        return new JinjaStatement.With(line, [.. values], ParseRest("endwith"));
    }

    private JinjaParameter[] ParseParameters()
    {
        var parameters = new List<JinjaParameter>();
        Expect("(");
        while (!Take(")"))
        {
            var name = ExpectName();
            parameters.Add(new JinjaParameter(name, Take("=") ? ParseExpression() : null));
            if (!Current.Is(")"))
            {
                Expect(",");
            }
        }

        return [.. parameters];
    }

    private JinjaTarget ParseTarget(bool attributes)
    {
        var parts = new List<JinjaTarget> { ParseOneTarget(attributes) };
        while (Take(","))
        {
            if (!Current.Is("(") && Current.Kind != JinjaTokenKind.Name)
            {
                break;
            }

            parts.Add(ParseOneTarget(attributes));
        }

        return parts.Count == 1 ? parts[0] : new JinjaTarget(null, null, [.. parts]);
    }

    private JinjaTarget ParseOneTarget(bool attributes)
    {
        if (Take("("))
        {
            Enter();
            var target = ParseTarget(attributes);
            _nesting--;
            Expect(")");
            return target;
        }

        var name = ExpectName();
        return new JinjaTarget(name, attributes && Take(".") ? ExpectName() : null, []);
    }

    /// <summary>The end of the tag, the body, and the whole tag that ends it.</summary>
    private JinjaStatement[] ParseRest(string end)
    {
        EndTag();
        var body = ParseBody(end);
        EndBlock();
        return body;
    }

    private void EndBlock()
    {
        Next();
        var name = ExpectName();
        if (name == "endmacro" && Current.Kind == JinjaTokenKind.Name)
        {
            Next();
        }

        EndTag();
    }

    private void EndTag() => Expect(JinjaTokenKind.StatementEnd, "'%}'");

    private void Enter()
    {
        if (++_nesting > JinjaLimits.Nesting)
        {
            throw new JinjaException(JinjaError.Limit, _name, Current.Line, $"nested more than {JinjaLimits.Nesting} deep");
        }
    }

    private JinjaToken Next() => _tokens[_position < _tokens.Count - 1 ? _position++ : _position];

    private bool Take(string text)
    {
        var found = Current.Is(text);
        _position += found ? 1 : 0;
        return found;
    }

    private bool TakeName(string name)
    {
        var found = Current.IsName(name);
        _position += found ? 1 : 0;
        return found;
    }

    private void Expect(string text)
    {
        if (!Take(text))
        {
            throw Fail($"'{text}' is missing");
        }
    }

    private void Expect(JinjaTokenKind kind, string what)
    {
        if (Next().Kind != kind)
        {
            _position--;
            throw Fail($"{what} is missing");
        }
    }

    private void ExpectName(string name)
    {
        if (!TakeName(name))
        {
            throw Fail($"'{name}' is missing");
        }
    }

    private string ExpectName() => Current.Kind == JinjaTokenKind.Name ? Next().Text : throw Fail("a name is missing");

    private JinjaException Unexpected() => Fail($"unexpected '{(Current.Kind == JinjaTokenKind.End ? "end" : Current.Text)}'");

    private JinjaException Fail(string reason) => new(JinjaError.Syntax, _name, Current.Line, reason);
}
