using System.Globalization;

namespace LlavaServer.Inference.Grammars;

/// <summary>
/// What \D, \W and \S match for every engine: some count only ASCII as digits, letters and blanks, others all of Unicode. Made when first used.
/// </summary>
internal static class NegatedClasses
{
    private static readonly Lazy<CharacterSet> s_notDigit = new(static () => Without(UnicodeCategory.DecimalDigitNumber));

    private static readonly Lazy<CharacterSet> s_notWord = new(static () => Without(
        UnicodeCategory.UppercaseLetter, UnicodeCategory.LowercaseLetter, UnicodeCategory.TitlecaseLetter, UnicodeCategory.ModifierLetter,
        UnicodeCategory.OtherLetter, UnicodeCategory.NonSpacingMark, UnicodeCategory.SpacingCombiningMark, UnicodeCategory.DecimalDigitNumber,
        UnicodeCategory.ConnectorPunctuation, UnicodeCategory.Format));

    private static readonly Lazy<CharacterSet> s_notSpace = new(static () => Without(
        UnicodeCategory.SpaceSeparator, UnicodeCategory.LineSeparator, UnicodeCategory.ParagraphSeparator, UnicodeCategory.Control, UnicodeCategory.Format));

    public static CharacterSet NotDigit => s_notDigit.Value;

    public static CharacterSet NotWord => s_notWord.Value;

    public static CharacterSet NotSpace => s_notSpace.Value;

    private static CharacterSet Without(params UnicodeCategory[] categories)
    {
        var ranges = new List<(int, int)>();
        for (var character = 0; character <= CharacterSet.Last; character++)
        {
            if (character is (< 0xD800 or > 0xDFFF) && Array.IndexOf(categories, CharUnicodeInfo.GetUnicodeCategory(character)) < 0)
            {
                var start = character;
                while (character < CharacterSet.Last && character + 1 is not (>= 0xD800 and <= 0xDFFF)
                    && Array.IndexOf(categories, CharUnicodeInfo.GetUnicodeCategory(character + 1)) < 0)
                {
                    character++;
                }

                ranges.Add((start, character));
            }
        }

        return CharacterSet.Of(ranges);
    }
}
