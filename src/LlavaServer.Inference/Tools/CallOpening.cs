using System.Text;

namespace LlavaServer.Inference.Tools;

/// <summary>
/// Tells in text that arrives byte by byte where the first call begins: at one of the markers, or, in a syntax without any, where the answer begins as a
/// call of one of the tools does. One automaton (Aho and Corasick 1975 for the markers), from which the grammar of an answer is written and by which its
/// text is read. Immutable, any thread.
/// </summary>
internal sealed class CallOpening
{
    /// <summary>Stands for everything since the beginning in <see cref="Held"/>.</summary>
    public const int All = int.MaxValue;

    private readonly List<int[]> _next = [];
    private readonly List<int> _held = [];
    private readonly List<string> _found = [];

    /// <param name="syntax">How calls are written.</param>
    /// <param name="names">Names of the tools.</param>
    public CallOpening(CallSyntax syntax, IEnumerable<string> names)
    {
        AddText(syntax.Markers);
        Start = syntax.IsBare ? AddBareCall(names) : 0;
    }

    public int Start { get; }

    public int StateCount => _next.Count;

    /// <summary>The state behind a byte; negative when a call is found, which <see cref="Found"/> names.</summary>
    public int Next(int state, byte value) => _next[state][value];

    /// <summary>The tool whose call began, or empty behind a marker.</summary>
    public string Found(int next) => _found[-next - 1];

    /// <summary>How many of the last bytes may be the beginning of a call; <see cref="All"/> is every one.</summary>
    public int Held(int state) => _held[state];

    private void AddText(IReadOnlyList<string> markers)
    {
        var root = new Node();
        foreach (var marker in markers)
        {
            var node = root;
            foreach (var value in Encoding.UTF8.GetBytes(marker))
            {
                node = node.Child(value);
            }

            node.IsEnd = true;
        }

        Number(root);
        var waiting = new Queue<(Node Node, int Failure)>([(root, 0)]);
        while (waiting.TryDequeue(out var item))
        {
            // Other bytes lead where they do from the longest other beginning that this one ends with.
            var (node, failure) = item;
            _next[node.State] = [.. _next[failure]];
            foreach (var (value, child) in node.Children)
            {
                var childFailure = node == root ? 0 : Math.Max(0, _next[failure][value]);
                if (!child.IsEnd)
                {
                    Number(child);
                    waiting.Enqueue((child, childFailure));
                }

                _next[node.State][value] = child.IsEnd ? Add("") : child.State;
            }
        }
    }

    // { "name" : "a tool", white space between the words.
    private int AddBareCall(IEnumerable<string> names)
    {
        var start = NewBare();
        var state = Loop(start);
        state = Loop(Follow(state, "{"));
        state = Loop(Follow(state, "\"name\""));
        state = Follow(Loop(Follow(state, ":")), "\"");
        foreach (var name in names)
        {
            _next[Follow(state, name)]['"'] = Add(name);
        }

        return start;
    }

    private int Follow(int state, string text)
    {
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            if (_next[state][value] <= 0 || _held[_next[state][value]] != All)
            {
                _next[state][value] = NewBare();
            }

            state = _next[state][value];
        }

        return state;
    }

    private int Loop(int state)
    {
        foreach (var space in " \n\r\t")
        {
            _next[state][space] = state;
        }

        return state;
    }

    private int NewBare()
    {
        _next.Add([.. _next[0]]);
        _held.Add(All);
        return _next.Count - 1;
    }

    private void Number(Node node)
    {
        node.State = _next.Count;
        _next.Add(new int[256]);
        _held.Add(node.Depth);
    }

    private int Add(string found)
    {
        _found.Add(found);
        return -_found.Count;
    }

    private sealed class Node
    {
        public Dictionary<byte, Node> Children { get; } = [];

        public int Depth { get; private init; }

        public int State { get; set; }

        public bool IsEnd { get; set; }

        public Node Child(byte value)
        {
            if (!Children.TryGetValue(value, out var child))
            {
                Children.Add(value, child = new Node { Depth = Depth + 1 });
            }

            return child;
        }
    }
}
