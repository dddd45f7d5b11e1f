namespace LlavaServer.Inference.Grammars;

/// <summary>Which rules may be empty, which can be written at all, and whether one begins with itself. Used by one compilation.</summary>
internal sealed class RuleFacts
{
    private readonly GrammarRules _rules;
    private readonly bool[] _nullable;
    private readonly bool[] _productive;

    public RuleFacts(GrammarRules rules, GrammarBudget budget)
    {
        _rules = rules;
        _nullable = new bool[rules.Count];
        _productive = new bool[rules.Count];
        var users = UsersOf(rules, budget);
        Spread(users, _nullable, IsNullable, budget);
        Spread(users, _productive, IsProductive, budget);
    }

    public bool IsProductive(int rule) => _productive[rule];

    public bool IsNullable(GrammarExpression expression) => expression switch
    {
        GrammarExpression.Literal literal => literal.Bytes.Length == 0,
        GrammarExpression.Characters or GrammarExpression.ByteRange => false,
        GrammarExpression.Sequence sequence => sequence.Items.All(IsNullable),
        GrammarExpression.Choice choice => choice.Items.Any(IsNullable),
        GrammarExpression.Repeat repeat => repeat.Min == 0 || repeat.Max == 0 || IsNullable(repeat.Item),
        GrammarExpression.Reference reference => _nullable[reference.Rule],
        _ => throw new ArgumentOutOfRangeException(nameof(expression)),
    };

    public bool IsProductive(GrammarExpression expression) => expression switch
    {
        GrammarExpression.Literal or GrammarExpression.ByteRange => true,
        GrammarExpression.Characters characters => !characters.Set.IsEmpty,
        GrammarExpression.Sequence sequence => sequence.Items.All(IsProductive),
        GrammarExpression.Choice choice => choice.Items.Any(IsProductive),
        GrammarExpression.Repeat repeat => repeat.Min == 0 || repeat.Max == 0 || IsProductive(repeat.Item),
        GrammarExpression.Reference reference => _productive[reference.Rule],
        _ => throw new ArgumentOutOfRangeException(nameof(expression)),
    };

    /// <exception cref="GrammarException">A rule begins with itself, or the root can never be written.</exception>
    public void Check()
    {
        if (!_productive[GrammarRules.Root])
        {
            throw new GrammarException("No finite answer can follow it.");
        }

        // Depth first with a stack of our own: a chain of rules may be as long as the grammar.
        var marks = new byte[_rules.Count];
        for (var rule = 0; rule < _rules.Count; rule++)
        {
            Visit(rule, marks);
        }
    }

    private void Visit(int start, byte[] marks)
    {
        var path = new Stack<(int Rule, IEnumerator<int> Firsts)>();
        Enter(start);
        while (path.Count > 0)
        {
            var (rule, firsts) = path.Peek();
            if (!firsts.MoveNext())
            {
                marks[rule] = 2;
                path.Pop();
            }
            else if (marks[firsts.Current] == 1)
            {
                throw new GrammarException($"'{_rules.NameOf(firsts.Current)}' begins with itself (left recursion).");
            }
            else
            {
                Enter(firsts.Current);
            }
        }

        void Enter(int rule)
        {
            if (marks[rule] == 0 && _productive[rule])
            {
                marks[rule] = 1;
                path.Push((rule, Firsts(_rules.Expressions[rule]!).ToList().GetEnumerator()));
            }
        }
    }

    // The rules that an expression may begin with.
    private IEnumerable<int> Firsts(GrammarExpression expression)
    {
        switch (expression)
        {
            case GrammarExpression.Reference reference:
                yield return reference.Rule;
                break;
            case GrammarExpression.Repeat { Max: not 0 } repeat:
                foreach (var rule in Firsts(repeat.Item))
                {
                    yield return rule;
                }

                break;
            case GrammarExpression.Choice choice:
                foreach (var rule in choice.Items.Where(IsProductive).SelectMany(Firsts))
                {
                    yield return rule;
                }

                break;
            case GrammarExpression.Sequence sequence:
                foreach (var item in sequence.Items)
                {
                    foreach (var rule in Firsts(item))
                    {
                        yield return rule;
                    }

                    if (!IsNullable(item))
                    {
                        break;
                    }
                }

                break;
        }
    }

    // A rule is looked at again only when one that it uses changed.
    private void Spread(List<int>[] users, bool[] facts, Func<GrammarExpression, bool> holds, GrammarBudget budget)
    {
        var waiting = new Queue<int>(Enumerable.Range(0, _rules.Count));
        while (waiting.TryDequeue(out var rule))
        {
            budget.AddPart();
            if (!facts[rule] && holds(_rules.Expressions[rule]!))
            {
                facts[rule] = true;
                users[rule].ForEach(waiting.Enqueue);
            }
        }
    }

    private static List<int>[] UsersOf(GrammarRules rules, GrammarBudget budget)
    {
        var users = new List<int>[rules.Count];
        for (var i = 0; i < users.Length; i++)
        {
            users[i] = [];
        }

        for (var rule = 0; rule < rules.Count; rule++)
        {
            var expressions = new Stack<GrammarExpression>();
            expressions.Push(rules.Expressions[rule]!);
            while (expressions.TryPop(out var expression))
            {
                budget.AddPart();
                switch (expression)
                {
                    case GrammarExpression.Reference reference:
                        users[reference.Rule].Add(rule);
                        break;
                    case GrammarExpression.Repeat repeat:
                        expressions.Push(repeat.Item);
                        break;
                    case GrammarExpression.Sequence sequence:
                        sequence.Items.ToList().ForEach(expressions.Push);
                        break;
                    case GrammarExpression.Choice choice:
                        choice.Items.ToList().ForEach(expressions.Push);
                        break;
                }
            }
        }

        return users;
    }
}
