using System.Globalization;
using System.Text.RegularExpressions;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// A prompt that its caller wrote whole: control tokens count wherever the text spells one, and a picture stands where its mark <c>[img-0]</c> is. Ollama's
/// engine fails when marks and pictures are not the same; here pictures without a mark come first, as LLaVA was trained, and a mark without a picture is
/// text.
/// </summary>
internal static partial class OllamaRawPrompt
{
    private const string BehindPicture = "\n";

    public static MessagePart[] Parts(string prompt, IReadOnlyList<MessagePart> images)
    {
        var written = new List<MessagePart>();
        var open = images.ToList();
        var end = 0;
        foreach (Match mark in Mark().Matches(images.Count > 0 ? prompt : ""))
        {
            if (!int.TryParse(mark.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                || index >= images.Count || !open.Remove(images[index]))
            {
                continue;
            }

            AddText(prompt[end..mark.Index]);
            written.Add(images[index]);
            end = mark.Index + mark.Length;
        }

        AddText(prompt[end..]);
        return [.. open.SelectMany(static image => (MessagePart[])[image, MessagePart.FromText(BehindPicture)]), .. written];

        void AddText(string text)
        {
            if (text.Length > 0)
            {
                written.Add(MessagePart.FromText(text));
            }
        }
    }

    [GeneratedRegex(@"\[img-([0-9]+)\]")]
    private static partial Regex Mark();
}
