using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>Which names a template reads: by them Ollama tells what it takes.</summary>
internal static class GoNames
{
    /// <summary>In lower case. Throws <see cref="JinjaException"/> for a call of a part without data, which Ollama refuses too.</summary>
    public static HashSet<string> In(IEnumerable<GoNode[]> parts, string template)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            Add(part, names, template);
        }

        return names;
    }

    private static void Add(GoNode[] nodes, HashSet<string> names, string template)
    {
        foreach (var node in nodes)
        {
            switch (node)
            {
                case GoActionNode action:
                    Add(action.Pipe, names);
                    break;
                case GoCallNode call:
                    Add(call.Pipe ?? throw new JinjaException(JinjaError.Syntax, template, call.Line, "undefined template specified"), names);
                    break;
                case GoBranchNode branch:
                    Add(branch.Pipe, names);
                    Add(branch.Body, names, template);
                    Add(branch.Otherwise ?? [], names, template);
                    break;
            }
        }
    }

    private static void Add(GoPipe pipe, HashSet<string> names)
    {
        foreach (var operand in pipe.Commands.SelectMany(static c => c.Operands))
        {
            string[] read = operand switch
            {
                GoField field => field.Names,
                GoVariable variable => [variable.Name, .. variable.Names],
                _ => [],
            };
            names.UnionWith(read.Select(static n => n.ToLowerInvariant()));
            if (operand is GoPipe inner || (operand is GoChain chain && (inner = (chain.Of as GoPipe)!) is not null))
            {
                Add(inner, names);
            }
        }
    }
}
