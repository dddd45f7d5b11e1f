namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>
/// The copy of a template that the last turn of a conversation is written with: all that comes behind the first place that writes a name is removed, so
/// that the model goes on there. Conditions and ranges around the place stay.
/// </summary>
internal sealed class GoCut(string name)
{
    private bool _isBehind;

    public static IReadOnlyList<GoNode> Behind(GoNode[] nodes, string name) => new GoCut(name).Cut(nodes);

    private GoNode[] Cut(GoNode[] nodes)
    {
        var kept = new List<GoNode>(nodes.Length);
        foreach (var node in nodes)
        {
            if (!_isBehind && Cut(node) is { } cut)
            {
                kept.Add(cut);
            }
        }

        return [.. kept];
    }

    private GoNode? Cut(GoNode node)
    {
        switch (node)
        {
            case GoActionNode action:
                return Cut(action.Pipe) is { } pipe ? action with { Pipe = pipe } : null;
            case GoBranchNode branch:
                // A condition on the name is no place of it; Ollama looks at what a block holds only.
                return branch with { Body = Cut(branch.Body), Otherwise = branch.Otherwise is { } otherwise ? Cut(otherwise) : null };
            default:
                return node;
        }
    }

    private GoPipe? Cut(GoPipe pipe)
    {
        var commands = new List<GoCommand>();
        foreach (var command in pipe.Commands)
        {
            var operands = new List<GoOperand>();
            foreach (var operand in command.Operands)
            {
                if (!_isBehind)
                {
                    operands.Add(operand);
                }

                _isBehind |= operand is GoField field && field.Names.Contains(name);
            }

            if (operands.Count == 0)
            {
                return null;
            }

            commands.Add(new GoCommand([.. operands]));
        }

        return pipe with { Commands = [.. commands] };
    }
}
