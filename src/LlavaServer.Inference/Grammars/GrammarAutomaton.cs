using System.Runtime.InteropServices;

namespace LlavaServer.Inference.Grammars;

/// <summary>
/// Runs a grammar byte by byte: the set of all its stacks at once, determinized as it is used (the lazy subset construction, with stacks as in Tomita's
/// generalized parsing). Not thread-safe; the owner holds a lock. Work and memory are bounded: paths beyond the bounds are dropped, so that what is left
/// is still of the grammar.
/// </summary>
internal sealed class GrammarAutomaton
{
    /// <summary>Heads of one state; an object of thousands of optional members has as many.</summary>
    private const int MaxHeads = 8192;

    /// <summary>Rules under way. An object or array in another takes about four.</summary>
    private const int MaxDepth = 240;

    private readonly Dictionary<(GrammarFrame? Below, GrammarNode Node, int Count), GrammarFrame> _frames = [];
    private readonly Dictionary<StateKey, GrammarState> _states = [];
    private readonly HashSet<(GrammarNode, GrammarFrame?)> _seen = [];
    private readonly List<(GrammarNode Node, GrammarFrame? Stack)> _heads = [];
    private readonly Stack<(GrammarNode Node, GrammarFrame? Stack)> _open = new();
    private long _frameIds;
    private bool _accepts;

    public GrammarAutomaton(Grammar grammar)
    {
        Begin();
        Open(grammar.Start, null);
        Start = End();
    }

    /// <summary>Stands for no state at all.</summary>
    public static GrammarState Dead { get; } = new([], accepts: false);

    public GrammarState Start { get; }

    /// <summary>States and frames that are held.</summary>
    public int Size => _states.Count + (_frames.Count / 4);

    /// <summary>Heads looked at since the last <see cref="Forget"/> or the beginning: a measure of work.</summary>
    public long Work { get; private set; }

    /// <summary>Lets go of all states but the first. States in use stay valid.</summary>
    public void Forget()
    {
        _states.Clear();
        _frames.Clear();
        Start.Next = null;
        Start.Mask = null;
    }

    /// <summary>The state behind a byte, or <see cref="Dead"/>.</summary>
    public GrammarState Step(GrammarState state, byte value)
    {
        var next = state.Next ??= new GrammarState?[256];
        return next[value] ?? Compute(state, value, next);
    }

    // All bytes that the same heads take lead to the same state.
    private GrammarState Compute(GrammarState state, byte value, GrammarState?[] next)
    {
        var (low, high) = (0, 255);
        Begin();
        foreach (var (node, stack) in state.Heads)
        {
            if (value < node.Low)
            {
                high = Math.Min(high, node.Low - 1);
            }
            else if (value > node.High)
            {
                low = Math.Max(low, node.High + 1);
            }
            else
            {
                low = Math.Max(low, node.Low);
                high = Math.Min(high, node.High);
                Open(node.Next!, stack);
            }
        }

        Work += state.Heads.Length;
        var result = End();
        next.AsSpan(low, high - low + 1).Fill(result);
        return result;
    }

    private void Begin()
    {
        _seen.Clear();
        _heads.Clear();
        _accepts = false;
    }

    private GrammarState End()
    {
        Work += _seen.Count;
        if (_heads.Count == 0 && !_accepts)
        {
            return Dead;
        }

        _heads.Sort(static (x, y) => x.Node.Id != y.Node.Id ? x.Node.Id.CompareTo(y.Node.Id) : (x.Stack?.Id ?? 0).CompareTo(y.Stack?.Id ?? 0));
        var key = new StateKey([.. _heads], _accepts);
        ref var state = ref CollectionsMarshal.GetValueRefOrAddDefault(_states, key, out _);
        return state ??= new GrammarState(key.Heads, _accepts);
    }

    private void Open(GrammarNode start, GrammarFrame? stack)
    {
        _open.Push((start, stack));
        while (_open.TryPop(out var item))
        {
            if (item.Node.Kind == GrammarNodeKind.Byte)
            {
                if (_heads.Count < MaxHeads && _seen.Add(item))
                {
                    _heads.Add(item);
                }
            }
            else if (_seen.Count < 4 * MaxHeads && _seen.Add(item))
            {
                Expand(item.Node, item.Stack);
            }
        }
    }

    private void Expand(GrammarNode node, GrammarFrame? stack)
    {
        switch (node.Kind)
        {
            case GrammarNodeKind.Split:
                foreach (var target in node.Targets)
                {
                    _open.Push((target, stack));
                }

                break;
            case GrammarNodeKind.Call:
                // A rule that ends another goes on where that one would: lists written by recursion need no stack.
                Enter(node.Body!, node.Next!.Kind == GrammarNodeKind.Return ? stack : Push(stack, node.Next, -1));
                break;
            case GrammarNodeKind.Repeat:
                Repeat(node, stack, 0);
                break;
            case GrammarNodeKind.Return when stack is null:
                _accepts = true;
                break;
            case GrammarNodeKind.Return when stack.Node.Kind == GrammarNodeKind.Repeat && stack.Count >= 0:
                Repeat(stack.Node, stack.Below, stack.Count + 1);
                break;
            case GrammarNodeKind.Return:
                _open.Push((stack.Node, stack.Below));
                break;
        }
    }

    private void Repeat(GrammarNode node, GrammarFrame? stack, int count)
    {
        if (count >= node.Min)
        {
            _open.Push((node.Next!, stack));
        }

        if (count < node.Max)
        {
            Enter(node.Body!, Push(stack, node, node.Max == int.MaxValue ? Math.Min(count, node.Min) : count));
        }
    }

    private void Enter(GrammarNode body, GrammarFrame? stack)
    {
        if ((stack?.Depth ?? 0) <= MaxDepth)
        {
            _open.Push((body, stack));
        }
    }

    private GrammarFrame Push(GrammarFrame? below, GrammarNode node, int count)
    {
        // A call that goes on at a repeat is told from the repeat's own frames by a count of its own.
        ref var frame = ref CollectionsMarshal.GetValueRefOrAddDefault(_frames, (below, node, count), out _);
        return frame ??= new GrammarFrame(++_frameIds, below, node, count);
    }

    private readonly struct StateKey((GrammarNode Node, GrammarFrame? Stack)[] heads, bool accepts) : IEquatable<StateKey>
    {
        public (GrammarNode Node, GrammarFrame? Stack)[] Heads => heads;

        public bool Accepts => accepts;

        public bool Equals(StateKey other)
        {
            if (accepts != other.Accepts || heads.Length != other.Heads.Length)
            {
                return false;
            }

            for (var i = 0; i < heads.Length; i++)
            {
                if (heads[i].Node != other.Heads[i].Node || heads[i].Stack != other.Heads[i].Stack)
                {
                    return false;
                }
            }

            return true;
        }

        public override bool Equals(object? obj) => obj is StateKey other && Equals(other);

        public override int GetHashCode()
        {
            var hash = accepts ? 17L : 0;
            foreach (var (node, stack) in heads)
            {
                hash = (((hash * 31) + node.Id) * 31) + (stack?.Id ?? 0);
            }

            return hash.GetHashCode();
        }
    }
}
