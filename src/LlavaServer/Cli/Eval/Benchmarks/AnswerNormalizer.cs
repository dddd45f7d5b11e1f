using System.Text.RegularExpressions;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>
/// How short answers are made alike before they are compared. Two forms: that of VQA's own script (GT-Vision-Lab/VQA, vqaEval.py), and the
/// EvalAIAnswerProcessor of Pythia's and LLaVA's m4c_evaluator.py, which lower-cases and drops commas and question marks first. Both keep what those
/// scripts do by accident: a period goes unless a digit follows, and only the first 32 of them; a comma between digits makes all other marks vanish
/// without leaving a space.
/// </summary>
internal static partial class AnswerNormalizer
{
    // The scripts pass re.UNICODE (32) where re.sub expects the number of replacements.
    private const int MostPeriods = 32;
    private const string Marks = ";/[]\"{}()=+\\_-><@`,?!";

    private static readonly Dictionary<string, string> s_numbers = new(StringComparer.Ordinal)
    {
        ["none"] = "0",
        ["zero"] = "0",
        ["one"] = "1",
        ["two"] = "2",
        ["three"] = "3",
        ["four"] = "4",
        ["five"] = "5",
        ["six"] = "6",
        ["seven"] = "7",
        ["eight"] = "8",
        ["nine"] = "9",
        ["ten"] = "10",
    };

    /// <summary>EvalAIAnswerProcessor.</summary>
    public static string EvalAI(string answer)
    {
        var text = answer.ToLowerInvariant().Replace(",", "", StringComparison.Ordinal).Replace("?", "", StringComparison.Ordinal)
            .Replace("'s", " 's", StringComparison.Ordinal);
        return DigitsAndArticles(Punctuation(OneLine(text)));
    }

    /// <summary>vqaEval.py, for what a model says.</summary>
    public static string Vqa(string answer) => DigitsAndArticles(Punctuation(OneLine(answer)));

    /// <summary>The step that vqaEval.py applies to what people said.</summary>
    public static string Punctuation(string text)
    {
        var joins = CommaBetweenDigits().IsMatch(text);
        var result = text;
        foreach (var mark in Marks)
        {
            var replacement = joins || text.Contains(mark + " ", StringComparison.Ordinal) || text.Contains(" " + mark, StringComparison.Ordinal) ? "" : " ";
            result = result.Replace(mark.ToString(), replacement, StringComparison.Ordinal);
        }

        return Period().Replace(result, "", MostPeriods);
    }

    private static string DigitsAndArticles(string text) =>
        string.Join(' ', text.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(static word => s_numbers.GetValueOrDefault(word, word))
            .Where(static word => word is not ("a" or "an" or "the"))
            .Select(static word => Contractions.All.GetValueOrDefault(word, word)));

    private static string OneLine(string text) => text.Replace('\n', ' ').Replace('\t', ' ').Trim();

    [GeneratedRegex(@"\d,\d")]
    private static partial Regex CommaBetweenDigits();

    [GeneratedRegex(@"\.(?!\d)")]
    private static partial Regex Period();
}
