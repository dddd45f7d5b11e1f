namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>
/// Which option an answer means, by the rules of MMBench's own toolkit (VLMEvalKit, matching_util.py) as far as they need no language model: exactly one
/// option letter among the words, unless it is an A in more than three words, which may be an article; else exactly one option whose text the answer holds.
/// </summary>
internal static class ChoiceLetter
{
    private static readonly char[] s_marks = [.. ".()[],:;!*#{}"];

    /// <returns>The option's place, or -1 where the answer leaves it open.</returns>
    public static int Find(string answer, IReadOnlyList<string> options)
    {
        var words = s_marks.Aggregate(answer, static (text, mark) => text.Replace(mark, ' ')).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var letters = Enumerable.Range(0, options.Count).Where(i => words.Contains(((char)('A' + i)).ToString(), StringComparer.Ordinal)).ToList();
        return letters is [var only] && !(only == 0 && words.Length > 3) ? only : ByText(answer, options);
    }

    private static int ByText(string answer, IReadOnlyList<string> options)
    {
        var text = answer.ToLowerInvariant();
        if (text.Length > 2 * options.Sum(static option => option.Length))
        {
            return -1;
        }

        var found = Enumerable.Range(0, options.Count).Where(i => text.Contains(options[i].ToLowerInvariant(), StringComparison.Ordinal)).ToList();
        return found is [var only] ? only : -1;
    }
}
