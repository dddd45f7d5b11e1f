using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Prompting;

/// <summary>Finds the control tokens of a vocabulary that texts of a template spell. Any thread.</summary>
internal static class ControlTokens
{
    /// <summary>Each once; those that end an answer are left out.</summary>
    public static IReadOnlyList<int> In(IEnumerable<string?> texts, ITokenizer tokenizer)
    {
        var tokens = new List<SpelledToken>();
        foreach (var text in texts.OfType<string>())
        {
            tokenizer.FindControlTokens(text, tokens);
        }

        return [.. tokens.Select(static t => t.TokenId).Where(id => !tokenizer.IsEndOfGeneration(id)).Distinct()];
    }
}
