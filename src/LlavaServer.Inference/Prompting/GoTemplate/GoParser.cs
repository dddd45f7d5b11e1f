using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>Reads the tokens of a template as trees, one for every named part. (Language: Go's text/template/parse, as of Go 1.24.)</summary>
internal sealed partial class GoParser
{
    // A chain of "else if" is nested too.
    private const int Nesting = 200;

    private readonly GoLexer _lexer;
    private readonly Stack<GoToken> _back = new();
    private readonly Dictionary<string, GoNode[]> _parts = [];
    private List<string> _variables = ["$"];
    private int _ranges;
    private int _depth;

    private GoParser(string source)
    {
        _lexer = new GoLexer(source);
    }

    /// <summary>The main part under the empty name. Throws <see cref="JinjaException"/>.</summary>
    public static IReadOnlyDictionary<string, GoNode[]> Parse(string name, string source)
    {
        var parser = new GoParser(source);
        try
        {
            if (source.Length > JinjaLimits.SourceChars)
            {
                throw new JinjaFault(JinjaError.Limit, $"the template has more than {JinjaLimits.SourceChars} characters");
            }

            parser._parts[""] = parser.Main();
            return parser._parts;
        }
        catch (JinjaFault fault)
        {
            throw new JinjaException(fault.Error, name, parser._lexer.Line, fault.Message);
        }
    }

    private static JinjaFault Wrong(string reason) => new(JinjaError.Syntax, reason);

    private static JinjaFault Unexpected(GoToken token, string context) => Wrong($"unexpected {token} in {context}");

    private GoToken Next() => _back.TryPop(out var token) ? token : _lexer.Next();

    private void Back(GoToken token) => _back.Push(token);

    private GoToken Peek()
    {
        var token = Next();
        Back(token);
        return token;
    }

    private GoToken NextWord()
    {
        var token = Next();
        while (token.Kind == GoTokenKind.Space)
        {
            token = Next();
        }

        return token;
    }

    private GoToken PeekWord()
    {
        var token = NextWord();
        Back(token);
        return token;
    }

    private void Expect(GoTokenKind kind, string context)
    {
        var token = NextWord();
        if (token.Kind != kind)
        {
            throw Unexpected(token, context);
        }
    }

    private GoNode[] Main()
    {
        var nodes = new List<GoNode>();
        while (Peek().Kind != GoTokenKind.End)
        {
            var token = Next();
            if (token.Kind == GoTokenKind.Text)
            {
                nodes.Add(new GoTextNode(token.Line, token.Text));
                continue;
            }

            var word = NextWord();
            if (word.Kind == GoTokenKind.Define)
            {
                Define();
                continue;
            }

            nodes.Add(word.Kind is GoTokenKind.EndKeyword or GoTokenKind.Else ? throw Wrong($"unexpected {{{{{word.Text}}}}}") : Action(word));
        }

        return [.. nodes];
    }

    private void Define()
    {
        var name = Name("define clause");
        Expect(GoTokenKind.RightDelimiter, "define clause");
        Add(name, Body("define clause"));
    }

    private string Name(string context)
    {
        var token = NextWord();
        return token.Kind switch
        {
            GoTokenKind.Quoted => GoLiterals.Quoted(token.Text),
            GoTokenKind.RawText => token.Text[1..^1],
            _ => throw Unexpected(token, context),
        };
    }

    // A part of its own: variables and loops around it do not reach in.
    private GoNode[] Body(string context)
    {
        var (variables, ranges) = (_variables, _ranges);
        (_variables, _ranges) = (["$"], 0);
        var (nodes, ending) = List();
        (_variables, _ranges) = (variables, ranges);
        return ending == GoTokenKind.EndKeyword ? nodes : throw Wrong($"unexpected {{{{else}}}} in {context}");
    }

    // A part with nothing but white space does not replace one that has text.
    private void Add(string name, GoNode[] nodes)
    {
        var isEmpty = Array.TrueForAll(nodes, static n => n is GoTextNode text && string.IsNullOrWhiteSpace(text.Text));
        if (_parts.TryGetValue(name, out var known) && !Array.TrueForAll(known, static n => n is GoTextNode text && string.IsNullOrWhiteSpace(text.Text)))
        {
            if (!isEmpty)
            {
                throw Wrong($"template: multiple definition of template \"{name}\"");
            }

            return;
        }

        _parts[name] = nodes;
    }

    // Up to and with the action that ends it.
    private (GoNode[] Nodes, GoTokenKind Ending) List()
    {
        if (++_depth > Nesting)
        {
            throw new JinjaFault(JinjaError.Limit, $"blocks nested more than {Nesting} deep");
        }

        var nodes = new List<GoNode>();
        while (true)
        {
            var token = Next();
            if (token.Kind == GoTokenKind.End)
            {
                throw Wrong("unexpected EOF");
            }

            if (token.Kind == GoTokenKind.Text)
            {
                nodes.Add(new GoTextNode(token.Line, token.Text));
                continue;
            }

            var word = NextWord();
            switch (word.Kind)
            {
                case GoTokenKind.EndKeyword:
                    Expect(GoTokenKind.RightDelimiter, "end");
                    _depth--;
                    return ([.. nodes], GoTokenKind.EndKeyword);
                case GoTokenKind.Else:
                    if (PeekWord().Kind is not (GoTokenKind.If or GoTokenKind.With))
                    {
                        Expect(GoTokenKind.RightDelimiter, "else");
                    }

                    _depth--;
                    return ([.. nodes], GoTokenKind.Else);
                default:
                    nodes.Add(Action(word));
                    break;
            }
        }
    }

    private GoNode Action(GoToken word)
    {
        switch (word.Kind)
        {
            case GoTokenKind.If or GoTokenKind.With or GoTokenKind.Range:
                return Branch(word);
            case GoTokenKind.Break or GoTokenKind.Continue:
                Expect(GoTokenKind.RightDelimiter, $"{{{{{word.Text}}}}}");
                return _ranges > 0 ? new GoJumpNode(word.Line, word.Kind == GoTokenKind.Break) : throw Wrong($"{{{{{word.Text}}}}} outside {{{{range}}}}");
            case GoTokenKind.Template:
                return Call(word);
            case GoTokenKind.Block:
                var name = Name("block clause");
                var pipe = Pipeline("block clause", GoTokenKind.RightDelimiter);
                Add(name, Body("block clause"));
                return new GoCallNode(word.Line, name, pipe);
            default:
                Back(word);
                return new GoActionNode(word.Line, Pipeline("command", GoTokenKind.RightDelimiter));
        }
    }

    private GoCallNode Call(GoToken word)
    {
        var name = Name("template clause");
        if (PeekWord().Kind == GoTokenKind.RightDelimiter)
        {
            NextWord();
            return new GoCallNode(word.Line, name, null);
        }

        return new GoCallNode(word.Line, name, Pipeline("template clause", GoTokenKind.RightDelimiter));
    }

    private GoBranchNode Branch(GoToken word)
    {
        if (++_depth > Nesting)
        {
            throw new JinjaFault(JinjaError.Limit, $"blocks nested more than {Nesting} deep");
        }

        var scope = _variables.Count;
        var pipe = Pipeline(word.Text, GoTokenKind.RightDelimiter);
        _ranges += word.Kind == GoTokenKind.Range ? 1 : 0;
        var (body, ending) = List();
        _ranges -= word.Kind == GoTokenKind.Range ? 1 : 0;
        GoNode[]? otherwise = null;
        if (ending == GoTokenKind.Else)
        {
            var next = PeekWord();
            if (next.Kind is GoTokenKind.If or GoTokenKind.With)
            {
                // "else if" closes with its own end.
                otherwise = [next.Kind == word.Kind ? Branch(NextWord()) : throw Unexpected(next, "else")];
            }
            else
            {
                (otherwise, ending) = List();
                if (ending != GoTokenKind.EndKeyword)
                {
                    throw Wrong("expected end; found {{else}}");
                }
            }
        }

        _variables.RemoveRange(scope, _variables.Count - scope);
        _depth--;
        return new GoBranchNode(word.Line, word.Kind, pipe, body, otherwise);
    }
}
