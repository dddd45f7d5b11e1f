using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Grammars;

/// <summary>The grammars that answers of one loaded model have had lately, over its vocabulary. Thread-safe; owned by the model.</summary>
internal sealed class ModelConstraints(ITokenizer tokenizer)
{
    /// <summary>Each holds up to some 30 MiB of states if it was used for long answers.</summary>
    private const int MaxKept = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Lazy<VocabularyTrie>> _vocabularies = [];
    private readonly List<(Grammar Grammar, VocabularyTrie Vocabulary, TokenConstraint Constraint)> _kept = [];

    /// <summary>On a request thread: the first mask is computed here, not on the scheduler's.</summary>
    /// <param name="grammar">Of the answer.</param>
    /// <param name="shown">Control tokens that have bytes all the same; the same ones for all answers of one kind.</param>
    public TokenConstraint Of(Grammar grammar, IReadOnlyList<int>? shown = null)
    {
        var constraint = Find(grammar, Vocabulary(shown ?? []));
        constraint.MaskOf(constraint.Start);
        return constraint;
    }

    // A model has one form of calls, or two with the generic one, each with and without the markers of its thoughts: there are no more than six.
    private VocabularyTrie Vocabulary(IReadOnlyList<int> shown)
    {
        Lazy<VocabularyTrie>? vocabulary;
        lock (_lock)
        {
            var key = string.Join(' ', shown);
            if (!_vocabularies.TryGetValue(key, out vocabulary))
            {
                _vocabularies.Add(key, vocabulary = new Lazy<VocabularyTrie>(() => new VocabularyTrie(tokenizer, shown)));
            }
        }

        return vocabulary.Value;
    }

    private TokenConstraint Find(Grammar grammar, VocabularyTrie vocabulary)
    {
        lock (_lock)
        {
            var index = _kept.FindIndex(kept => kept.Grammar == grammar && kept.Vocabulary == vocabulary);
            var kept = index >= 0 ? _kept[index] : (grammar, vocabulary, new TokenConstraint(grammar, vocabulary));
            if (index >= 0)
            {
                _kept.RemoveAt(index);
            }
            else if (_kept.Count == MaxKept)
            {
                _kept.RemoveAt(0);
            }

            _kept.Add(kept);
            return kept.Item3;
        }
    }
}
