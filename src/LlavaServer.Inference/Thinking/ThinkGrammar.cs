using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using LlavaServer.Inference.Grammars;

namespace LlavaServer.Inference.Thinking;

/// <summary>
/// Puts free thoughts in front of the form of an answer: any text up to the closing marker (an automaton after Knuth, Morris and Pratt 1977), white space,
/// then the form. Thread-safe.
/// </summary>
internal static class ThinkGrammar
{
    /// <summary>Characters of white space at each side of a marker.</summary>
    private const int MaxSpace = 16;

    // The same pair again is the same grammar, so that what is known of its states is used again.
    private static readonly ConditionalWeakTable<Grammar, ConcurrentDictionary<(ThinkMarkers Markers, bool IsOpen, bool MayEnd), Grammar>> s_known = [];

    /// <param name="plan">Of the answer.</param>
    /// <param name="answer">What follows the thoughts, or stands alone when the model does not think.</param>
    /// <param name="mayEnd">Whether the answer may end within its thoughts: where nothing asks for a form of it.</param>
    public static Grammar Before(ThinkPlan plan, Grammar answer, bool mayEnd) =>
        s_known.GetOrCreateValue(answer).GetOrAdd((plan.Markers, plan.IsOpen, mayEnd), key => Build(plan, answer, key.MayEnd));

    private static Grammar Build(ThinkPlan plan, Grammar answer, bool mayEnd)
    {
        // Numbers of the answer's own nodes are not negative.
        var id = -1;
        var end = new GrammarNode(--id, GrammarNodeKind.Return);
        GrammarNode Byte(int low, int high, GrammarNode next) => new(--id, GrammarNodeKind.Byte) { Low = (byte)low, High = (byte)high, Next = next };
        GrammarNode Split(params IReadOnlyList<GrammarNode> targets) => new(--id, GrammarNodeKind.Split) { Targets = targets };
        GrammarNode Space(GrammarNode next) => new(--id, GrammarNodeKind.Repeat)
        {
            Max = MaxSpace,
            Body = Split(Byte('\t', '\n', end), Byte('\r', '\r', end), Byte(' ', ' ', end)),
            Next = next,
        };

        var close = Encoding.UTF8.GetBytes(plan.Markers.Close);
        var after = Space(answer.Start);
        var targets = Array.ConvertAll(close, static _ => new List<GrammarNode>());
        var texts = Array.ConvertAll(targets, list => Split(list));
        for (var state = 0; state < close.Length; state++)
        {
            foreach (var (low, high, next) in Ranges(close, state))
            {
                targets[state].Add(Byte(low, high, next == close.Length ? after : texts[next]));
            }

            if (mayEnd)
            {
                targets[state].Add(end);
            }
        }

        if (plan.IsOpen)
        {
            return new Grammar(texts[0]);
        }

        var open = texts[0];
        foreach (var value in Encoding.UTF8.GetBytes(plan.Markers.Open).Reverse())
        {
            open = Byte(value, value, open);
        }

        return new Grammar(Split(Space(open), answer.Start));
    }

    private static IEnumerable<(int Low, int High, int Next)> Ranges(byte[] marker, int state)
    {
        for (var low = 0; low < 256;)
        {
            var next = Next(marker, state, low);
            var high = low;
            while (high < 255 && Next(marker, state, high + 1) == next)
            {
                high++;
            }

            yield return (low, high, next);
            low = high + 1;
        }
    }

    // How much of the marker the text behind a byte ends with. Markers are short.
    private static int Next(byte[] marker, int state, int value)
    {
        byte[] text = [.. marker.AsSpan(0, state), (byte)value];
        var length = text.Length;
        while (!text.AsSpan(text.Length - length).SequenceEqual(marker.AsSpan(0, length)))
        {
            length--;
        }

        return length;
    }
}
