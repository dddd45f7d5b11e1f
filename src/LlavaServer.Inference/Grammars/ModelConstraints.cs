using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Grammars;

/// <summary>The grammars that answers of one loaded model have had lately, over its vocabulary. Thread-safe; owned by the model.</summary>
internal sealed class ModelConstraints(ITokenizer tokenizer)
{
    /// <summary>Each holds up to some 30 MiB of states if it was used for long answers.</summary>
    private const int MaxKept = 8;

    private readonly Lock _lock = new();
    private readonly Lazy<VocabularyTrie> _vocabulary = new(() => new VocabularyTrie(tokenizer));
    private readonly List<(Grammar Grammar, TokenConstraint Constraint)> _kept = [];

    /// <summary>On a request thread: the first mask is computed here, not on the scheduler's.</summary>
    public TokenConstraint Of(Grammar grammar)
    {
        var constraint = Find(grammar);
        constraint.MaskOf(constraint.Start);
        return constraint;
    }

    private TokenConstraint Find(Grammar grammar)
    {
        var vocabulary = _vocabulary.Value;
        lock (_lock)
        {
            var index = _kept.FindIndex(kept => kept.Grammar == grammar);
            var kept = index >= 0 ? _kept[index] : (grammar, new TokenConstraint(grammar, vocabulary));
            if (index >= 0)
            {
                _kept.RemoveAt(index);
            }
            else if (_kept.Count == MaxKept)
            {
                _kept.RemoveAt(0);
            }

            _kept.Add(kept);
            return kept.Item2;
        }
    }
}
