namespace LlavaServer.Inference.Grammars;

/// <summary>
/// Makes the automaton of a set of rules, after checking that it can be run: every rule is defined, none begins with itself, the root can be written at
/// all, and nothing that may be empty is repeated a counted number of times. Used by one compilation.
/// </summary>
internal sealed class GrammarLinker
{
    /// <summary>Repeats of something that may be empty: each adds a path that takes no byte.</summary>
    private const int MaxEmptyRepeats = 16;

    private readonly GrammarRules _rules;
    private readonly GrammarBudget _budget;
    private readonly RuleFacts _facts;
    private readonly GrammarNode[] _starts;
    private readonly List<(GrammarNode Call, int Rule)> _calls = [];
    private readonly GrammarNode _return;
    private int _nodes;

    private GrammarLinker(GrammarRules rules, GrammarBudget budget)
    {
        _rules = rules;
        _budget = budget;
        _facts = new RuleFacts(rules, budget);
        _starts = new GrammarNode[rules.Count];
        _return = New(GrammarNodeKind.Return);
    }

    /// <exception cref="GrammarException">The rules cannot be run.</exception>
    public static Grammar Link(GrammarRules rules, GrammarBudget budget)
    {
        var linker = new GrammarLinker(rules, budget);
        linker._facts.Check();
        for (var rule = 0; rule < rules.Count; rule++)
        {
            // What can never be written is left out, with whatever only it would need.
            linker._starts[rule] = linker._facts.IsProductive(rule) ? linker.Build(rules.Expressions[rule]!, linker._return) : linker.Nowhere();
        }

        foreach (var (call, rule) in linker._calls)
        {
            call.Body = linker._starts[rule];
        }

        return new Grammar(linker._starts[GrammarRules.Root]);
    }

    private GrammarNode New(GrammarNodeKind kind)
    {
        _budget.AddPart();
        return new GrammarNode(_nodes++, kind);
    }

    private GrammarNode Nowhere() => new(_nodes++, GrammarNodeKind.Split);

    private GrammarNode Build(GrammarExpression expression, GrammarNode next)
    {
        switch (expression)
        {
            case GrammarExpression.Literal literal:
                for (var i = literal.Bytes.Length - 1; i >= 0; i--)
                {
                    next = Byte(literal.Bytes[i], literal.Bytes[i], next);
                }

                return next;
            case GrammarExpression.Characters characters:
                return Characters(characters.Set, next);
            case GrammarExpression.ByteRange range:
                return Byte(range.Low, range.High, next);
            case GrammarExpression.Sequence sequence:
                for (var i = sequence.Items.Count - 1; i >= 0; i--)
                {
                    next = Build(sequence.Items[i], next);
                }

                return next;
            case GrammarExpression.Choice choice:
                return Split([.. choice.Items.Where(_facts.IsProductive).Select(item => Build(item, next))]);
            case GrammarExpression.Repeat repeat:
                return Repeat(repeat, next);
            case GrammarExpression.Reference reference:
                _budget.AddPart();
                var call = new GrammarNode(_nodes++, GrammarNodeKind.Call) { Next = next };
                _calls.Add((call, reference.Rule));
                return call;
            default:
                throw new ArgumentOutOfRangeException(nameof(expression));
        }
    }

    private GrammarNode Repeat(GrammarExpression.Repeat repeat, GrammarNode next)
    {
        var (min, max) = (repeat.Min, repeat.Max ?? int.MaxValue);
        if (!_facts.IsProductive(repeat.Item))
        {
            return min == 0 ? next : Nowhere();
        }

        if (max == 0)
        {
            return next;
        }

        if (_facts.IsNullable(repeat.Item))
        {
            min = 0;
            if (max is > MaxEmptyRepeats and < int.MaxValue)
            {
                throw new GrammarException($"Something that may be empty is repeated up to {max} times; at most {MaxEmptyRepeats} times is possible.");
            }
        }

        if (min <= 1 && max == 1)
        {
            var once = Build(repeat.Item, next);
            return min == 1 ? once : Split([once, next]);
        }

        _budget.AddPart();
        var node = new GrammarNode(_nodes++, GrammarNodeKind.Repeat) { Next = next, Min = min, Max = max };
        node.Body = Build(repeat.Item, _return);
        return node;
    }

    private GrammarNode Characters(CharacterSet set, GrammarNode next)
    {
        // Sequences that end alike share their ends: most of Unicode goes through the same two or three nodes.
        var ends = new Dictionary<(byte, byte, int), GrammarNode>();
        var heads = new List<GrammarNode>();
        foreach (var sequence in set.ToUtf8())
        {
            var node = next;
            for (var i = sequence.Length - 1; i >= 0; i--)
            {
                var key = (sequence[i].Low, sequence[i].High, node.Id);
                if (!ends.TryGetValue(key, out var shared))
                {
                    ends.Add(key, shared = Byte(sequence[i].Low, sequence[i].High, node));
                }

                node = shared;
            }

            heads.Add(node);
        }

        return Split(heads);
    }

    private GrammarNode Byte(byte low, byte high, GrammarNode next)
    {
        _budget.AddPart();
        return new GrammarNode(_nodes++, GrammarNodeKind.Byte) { Low = low, High = high, Next = next };
    }

    private GrammarNode Split(List<GrammarNode> targets)
    {
        if (targets.Count == 1)
        {
            return targets[0];
        }

        _budget.AddPart();
        return new GrammarNode(_nodes++, GrammarNodeKind.Split) { Targets = targets };
    }
}
