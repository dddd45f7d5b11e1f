namespace LlavaServer.Inference.Grammars;

/// <summary>How far one answer is in its grammar. Owned by its sampler, on the scheduler thread.</summary>
internal sealed class GrammarMatcher(TokenConstraint constraint)
{
    private GrammarState _state = constraint.Start;

    /// <summary>One bit for each token that may come next.</summary>
    public ReadOnlySpan<ulong> Mask => constraint.MaskOf(_state);

    /// <summary>Whether the answer may end here.</summary>
    public bool IsComplete => _state.Accepts;

    /// <summary>Whether nothing may follow.</summary>
    public bool IsFinal => _state.IsFinal;

    public void Accept(int tokenId)
    {
        if (!constraint.Vocabulary.EndsGeneration(tokenId))
        {
            _state = constraint.Step(_state, tokenId);
        }
    }
}
