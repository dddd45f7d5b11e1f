namespace LlavaServer.Training.Evaluation;

/// <summary>Puts a measured table into the model card, between the two comments that mark its place.</summary>
public static class ModelCard
{
    private const string From = "<!-- accuracy -->";
    private const string To = "<!-- /accuracy -->";

    /// <summary>Replaces what stands between the marks of <paramref name="card"/> by the content of <paramref name="table"/>.</summary>
    /// <exception cref="InvalidDataException">The card has no such marks.</exception>
    public static void Fill(string card, string table)
    {
        var text = File.ReadAllText(card);
        int start = text.IndexOf(From, StringComparison.Ordinal), end = text.IndexOf(To, StringComparison.Ordinal);
        if (start < 0 || end < start)
        {
            throw new InvalidDataException($"{card}: no {From} ... {To}");
        }

        File.WriteAllText(card, text[..(start + From.Length)] + "\n" + File.ReadAllText(table).Trim() + "\n" + text[end..]);
    }
}
