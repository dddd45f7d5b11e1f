namespace LlavaServer.Inference.Grammars;

/// <summary>
/// A grammar over the tokens of one vocabulary: masks by state, computed when first needed and shared by all answers with that grammar. Thread-safe by a
/// lock that is held for one step of one sequence.
/// </summary>
internal sealed class TokenConstraint(Grammar grammar, VocabularyTrie vocabulary)
{
    /// <summary>States kept; about 3 KiB each, and a bit for each token if a mask was asked for.</summary>
    private const int MaxSize = 4096;

    /// <summary>Heads looked at for one mask, some tens of milliseconds: only grammars with thousands of readings come near.</summary>
    private const long MaxWork = 2_000_000;

    private readonly Lock _lock = new();
    private readonly GrammarAutomaton _automaton = new(grammar);

    public GrammarState Start => _automaton.Start;

    public VocabularyTrie Vocabulary => vocabulary;

    /// <summary>One bit for each token that may follow. Not to be written to.</summary>
    public ulong[] MaskOf(GrammarState state)
    {
        lock (_lock)
        {
            if (state.Mask is { } known)
            {
                return known;
            }

            if (_automaton.Size > MaxSize)
            {
                _automaton.Forget();
            }

            var mask = new ulong[vocabulary.MaskLength];
            vocabulary.Mark(_automaton, state, MaxWork, mask);
            return state.Mask = mask;
        }
    }

    /// <summary>The state behind a token, or <see cref="GrammarAutomaton.Dead"/>.</summary>
    public GrammarState Step(GrammarState state, int tokenId)
    {
        lock (_lock)
        {
            foreach (var value in vocabulary.BytesOf(tokenId))
            {
                state = _automaton.Step(state, value);
            }

            return state;
        }
    }
}
