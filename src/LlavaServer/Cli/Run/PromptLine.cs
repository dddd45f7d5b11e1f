using System.Text;

namespace LlavaServer.Cli.Run;

/// <summary>
/// A typed prompt, taken apart: words that name existing pictures become attachments and leave the text. Immutable.
/// </summary>
/// <param name="Text">What is left, to be sent as it is.</param>
/// <param name="Pictures">In the order of their words.</param>
/// <param name="Problems">Words that look like pictures and cannot be read, each with the reason; then nothing may be sent.</param>
internal sealed record PromptLine(string Text, IReadOnlyList<PictureFile> Pictures, IReadOnlyList<string> Problems)
{
    private const string Punctuation = "?!.,;:)]}";

    /// <summary>A prompt in a shell's arguments: one with spaces may be a path, which the shell has unquoted.</summary>
    public static PromptLine OfArguments(IReadOnlyList<string> arguments) => Read(string.Join(' ', arguments.Select(
        static argument => argument.Contains(' ', StringComparison.Ordinal) && PictureFile.TryOpen(PicturePath.Resolve(argument), out _) is not null ? $"\"{argument}\"" : argument)));

    /// <param name="prompt">As typed: words in quotes and with spaces behind backslashes are one word.</param>
    public static PromptLine Read(string prompt)
    {
        var text = new StringBuilder();
        var pictures = new List<PictureFile>();
        var problems = new List<string>();
        foreach (var word in Words(prompt))
        {
            if (word.Meaning.Length == 0)
            {
                text.Append(word.Raw);
            }
            else if (Picture(word, out var rest, out var problem) is { } picture)
            {
                pictures.Add(picture);
                text.Append(rest);
            }
            else
            {
                text.Append(word.Raw);
                if (problem is not null)
                {
                    problems.Add(problem);
                }
            }
        }

        return new PromptLine(pictures.Count == 0 ? prompt : Tidy(text.ToString()), pictures, problems);
    }

    // Punctuation behind a path belongs to the sentence.
    private static PictureFile? Picture(Word word, out string rest, out string? problem)
    {
        problem = null;
        rest = "";
        if (PictureFile.TryOpen(PicturePath.Resolve(word.Meaning), out var why) is { } picture)
        {
            return picture;
        }

        var name = word.Meaning.TrimEnd(Punctuation.ToCharArray());
        if (!word.IsQuoted && name.Length is > 0 && name.Length < word.Meaning.Length
            && PictureFile.TryOpen(PicturePath.Resolve(name), out var whyName) is { } named)
        {
            rest = word.Meaning[name.Length..];
            return named;
        }

        if (PicturePath.LooksLikePicture(name))
        {
            problem = $"{name}: {why}";
        }

        return null;
    }

    private static string Tidy(string text)
    {
        var tidy = new StringBuilder();
        foreach (var character in text.Trim())
        {
            if (character != ' ' || tidy.Length == 0 || tidy[^1] is not (' ' or '\n'))
            {
                tidy.Append(character);
            }
        }

        return tidy.ToString();
    }

    private static IEnumerable<Word> Words(string prompt)
    {
        var position = 0;
        while (position < prompt.Length)
        {
            var start = position;
            if (char.IsWhiteSpace(prompt[position]))
            {
                while (position < prompt.Length && char.IsWhiteSpace(prompt[position]))
                {
                    position++;
                }

                yield return new Word(prompt[start..position], "", false);
            }
            else if (prompt[position] is '"' or '\'' && Closing(prompt, position) is var closing and > 0)
            {
                position = closing + 1;
                yield return new Word(prompt[start..position], prompt[(start + 1)..closing], true);
            }
            else
            {
                var meaning = new StringBuilder();
                while (position < prompt.Length && !char.IsWhiteSpace(prompt[position]))
                {
                    if (prompt[position] == '\\' && position + 1 < prompt.Length && IsEscapable(prompt[position + 1]))
                    {
                        position++;
                    }

                    meaning.Append(prompt[position++]);
                }

                yield return new Word(prompt[start..position], meaning.ToString(), false);
            }
        }
    }

    // Where a quoted word ends: before a space, punctuation or the end, or the quote is an apostrophe.
    private static int Closing(string prompt, int open)
    {
        for (var i = open + 1; i < prompt.Length; i++)
        {
            if (prompt[i] == prompt[open] && (i + 1 == prompt.Length || char.IsWhiteSpace(prompt[i + 1]) || Punctuation.Contains(prompt[i + 1])))
            {
                return i;
            }
        }

        return -1;
    }

    // A backslash in front of a letter belongs to a path of Windows.
    private static bool IsEscapable(char character) => !OperatingSystem.IsWindows() && !char.IsAsciiLetterOrDigit(character);

    private readonly record struct Word(string Raw, string Meaning, bool IsQuoted);
}
