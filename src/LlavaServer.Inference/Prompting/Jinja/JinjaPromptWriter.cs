using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>
/// Turns what a template wrote into the pieces of a prompt: control tokens only where the template itself spelt them, pictures where their marks or
/// placeholders stand, and everything else as text, tokenized together with what users wrote.
/// </summary>
internal static class JinjaPromptWriter
{
    /// <param name="text">What the template wrote.</param>
    /// <param name="start">Where it begins, behind a token that the tokenizer adds itself.</param>
    /// <param name="placeholder">What stands for the next picture in text of the template, or null.</param>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="output">Receives the pieces.</param>
    public static void Write(JinjaText text, int start, string? placeholder, ITokenizer tokenizer, PromptText output)
    {
        var nextImage = 0;
        for (var run = 0; run < text.Runs.Length; run++)
        {
            var from = Math.Max(start, text.Runs[run].Start);
            var end = text.EndOf(run);
            if (from >= end)
            {
                continue;
            }

            var mark = text.Runs[run].Mark;
            if (mark == JinjaText.Template)
            {
                WriteTemplate(text.Value[from..end], placeholder, ref nextImage, tokenizer, output);
            }
            else if (mark == JinjaText.Input)
            {
                output.Text(text.Value[from..end]);
            }
            else
            {
                output.Image(mark - JinjaText.FirstImage);
            }
        }
    }

    /// <summary>Occurrences in text of the template.</summary>
    public static int CountOf(JinjaText text, string placeholder)
    {
        var count = 0;
        for (var run = 0; run < text.Runs.Length; run++)
        {
            if (text.Runs[run].Mark == JinjaText.Template)
            {
                count += text.Value[text.Runs[run].Start..text.EndOf(run)].Split(placeholder).Length - 1;
            }
        }

        return count;
    }

    private static void WriteTemplate(string part, string? placeholder, ref int nextImage, ITokenizer tokenizer, PromptText output)
    {
        var pieces = placeholder is null ? [part] : part.Split(placeholder);
        for (var i = 0; i < pieces.Length; i++)
        {
            if (i > 0)
            {
                output.Image(nextImage++);
            }

            WriteTokens(pieces[i], tokenizer, output);
        }
    }

    private static void WriteTokens(string part, ITokenizer tokenizer, PromptText output)
    {
        var tokens = new List<SpelledToken>();
        tokenizer.FindControlTokens(part, tokens);
        var position = 0;
        foreach (var token in tokens)
        {
            output.Text(part[position..token.Start]);
            position = token.Start + token.Length;
            var spelt = part[token.Start..position];
            output.Control(tokenizer.FindToken(spelt) == token.TokenId ? spelt : spelt.TrimEnd());
        }

        output.Text(part[position..]);
    }
}
