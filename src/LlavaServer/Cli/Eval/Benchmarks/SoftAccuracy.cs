namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>
/// VQA's soft accuracy (Antol et al. 2015): an answer is worth min(1, n/3), n being how many of the other people gave it, averaged over leaving each
/// person out in turn. With ten people and n of them agreeing: n = 1: 0.3, 2: 0.6, 3: 0.9, from 4 on: 1.
/// </summary>
internal static class SoftAccuracy
{
    /// <param name="answer">What a model said, made comparable.</param>
    /// <param name="people">What people said, made comparable the same way.</param>
    /// <returns>From 0 to 1.</returns>
    public static double Of(string answer, IReadOnlyList<string> people)
    {
        if (people.Count == 0)
        {
            return 0;
        }

        var agreeing = people.Count(said => said == answer);
        return people.Average(left => Math.Min(1, (agreeing - (left == answer ? 1 : 0)) / 3.0));
    }
}
