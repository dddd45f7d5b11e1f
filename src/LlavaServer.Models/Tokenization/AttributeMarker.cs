namespace LlavaServer.Models.Tokenization;

/// <summary>
/// Corrects the token types of a file by what the texts are known to mean, and collects the tokens that end an answer, in llama.cpp's order
/// (src/llama-vocab.cpp, llama_vocab::impl::load).
/// </summary>
internal static class AttributeMarker
{
    public static void Apply(VocabularyData data, Func<string, int> find, TokenAttributes[] attributes, bool[] endsGeneration)
    {
        MarkFill(data, find, attributes, endsGeneration);
        foreach (var id in Existing(SpecialTokenTexts.EndOfGeneration, find))
        {
            attributes[id] |= TokenAttributes.Control;
            endsGeneration[id] = true;
        }

        foreach (var id in Existing(SpecialTokenTexts.AlwaysVisible, find))
        {
            attributes[id] = TokenAttributes.UserDefined;
        }

        foreach (var id in data.EndOfTurn.Append(data.Eos).Where(id => id >= 0))
        {
            endsGeneration[id] = true;
        }

        DropAmbiguous(find, attributes, endsGeneration);
        if (data.SpecialTokensStripRight)
        {
            StripRight(find, attributes);
        }
    }

    private static void MarkFill(VocabularyData data, Func<string, int> find, TokenAttributes[] attributes, bool[] endsGeneration)
    {
        for (var kind = 0; kind < SpecialTokenTexts.Fill.Length; kind++)
        {
            var id = FillOf(data, find, kind);
            if (id < 0)
            {
                continue;
            }

            if (!IsNamed(data, kind))
            {
                attributes[id] |= TokenAttributes.Control;
            }

            endsGeneration[id] |= kind >= SpecialTokenTexts.FirstEndingFill;
        }
    }

    /// <summary>The fill-in-the-middle token of a row of <see cref="SpecialTokenTexts.Fill"/>, or -1.</summary>
    public static int FillOf(VocabularyData data, Func<string, int> find, int kind) =>
        IsNamed(data, kind) ? data.Fill[kind] : Existing(SpecialTokenTexts.Fill[kind], find).DefaultIfEmpty(-1).Min();

    private static bool IsNamed(VocabularyData data, int kind) => kind < data.Fill.Length && data.Fill[kind] >= 0;

    private static IEnumerable<int> Existing(string[] texts, Func<string, int> find) => texts.Select(find).Where(id => id >= 0);

    /// <summary>Families in which a text of the list does not end the answer: harmony and solar use <c>&lt;|end|&gt;</c> between messages.</summary>
    private static void DropAmbiguous(Func<string, int> find, TokenAttributes[] attributes, bool[] endsGeneration)
    {
        var calls = find("<|call|>") >= 0 || find("<|calls|>") >= 0;
        if (calls && (find("<|return|>") >= 0 || find("<|flush|>") >= 0) && find("<|end|>") is >= 0 and var end)
        {
            endsGeneration[end] = false;
            attributes[end] = TokenAttributes.UserDefined;
        }

        if (find("<|tool_response>") >= 0 && find("</s>") is >= 0 and var closing)
        {
            endsGeneration[closing] = false;
            attributes[closing] = TokenAttributes.Normal;
        }
    }

    private static void StripRight(Func<string, int> find, TokenAttributes[] attributes)
    {
        for (var id = 0; id < attributes.Length; id++)
        {
            if ((attributes[id] & SpecialTokenMatcher.Candidates) != 0)
            {
                attributes[id] |= TokenAttributes.StripRight;
            }
        }

        foreach (var id in Existing(["<unk>", "<s>", "<|endoftext|>"], find))
        {
            attributes[id] &= ~TokenAttributes.StripRight;
        }
    }
}
