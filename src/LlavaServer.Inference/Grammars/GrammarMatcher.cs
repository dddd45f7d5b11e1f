namespace LlavaServer.Inference.Grammars;

/// <summary>How far one answer is in its grammar. Owned by its sampler, on the scheduler thread.</summary>
/// <param name="constraint">The grammar over the model's tokens.</param>
/// <param name="startsFree">Where the answer may end, tokens are picked without regard to the grammar first: it is text until something begins.</param>
internal sealed class GrammarMatcher(TokenConstraint constraint, bool startsFree = false)
{
    private GrammarState _state = constraint.Start;

    /// <summary>One bit for each token that may come next.</summary>
    public ReadOnlySpan<ulong> Mask => constraint.MaskOf(_state);

    /// <summary>Whether the answer may end here.</summary>
    public bool IsComplete => _state.Accepts;

    /// <summary>Whether nothing may follow.</summary>
    public bool IsFinal => _state.IsFinal;

    /// <summary>Whether most tokens may follow: then one that was picked is asked for, instead of <see cref="Mask"/>.</summary>
    public bool IsFree => startsFree && _state.Accepts;

    /// <summary>Whether the answer is past its free text.</summary>
    public bool HasBegun { get; private set; } = !startsFree;

    /// <summary>Whether this token may follow.</summary>
    public bool Allows(int tokenId) =>
        constraint.Vocabulary.EndsGeneration(tokenId) ? _state.Accepts : constraint.Step(_state, tokenId) != GrammarAutomaton.Dead;

    public void Accept(int tokenId)
    {
        if (!constraint.Vocabulary.EndsGeneration(tokenId))
        {
            _state = constraint.Step(_state, tokenId);
            HasBegun |= !_state.Accepts;
        }
    }
}
