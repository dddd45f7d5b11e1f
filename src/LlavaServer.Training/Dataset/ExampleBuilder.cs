using LlavaServer.Training.Drawing;
using LlavaServer.Training.Network;
using LlavaServer.Training.Tokenization;

namespace LlavaServer.Training.Dataset;

/// <summary>
/// Turns conversations into token rows exactly as the server will: every text piece around a picture is tokenized on its own, answers
/// carry their own space and end with &lt;/s&gt;, and only they are supervised. One builder per thread.
/// </summary>
public sealed class ExampleBuilder(SpmTokenizer tokenizer, ScenePainter painter, LlavaShape shape)
{
    /// <summary>A conversation in the Vicuna v1 form with its pictures drawn.</summary>
    public Example Build(Conversation conversation)
    {
        var tokens = new List<int> { SpmVocabulary.Begin };
        var supervised = new List<bool> { false };
        var spans = new List<(int, int, Family)>();
        var picture = 0;
        var piece = conversation.System is null ? string.Empty : conversation.System + " ";
        foreach (var turn in conversation.Turns)
        {
            piece += "USER: ";
            for (var i = 0; i < turn.Pictures; i++)
            {
                Append(tokenizer.Encode(piece), false);
                Append(Enumerable.Repeat(-1 - picture++, shape.ImageRows), false);
                piece = "\n";
            }

            Append(tokenizer.Encode(piece + turn.Question + " ASSISTANT:"), false);
            piece = string.Empty;
            var from = tokens.Count;
            Append(tokenizer.Encode(turn.Answer), true);
            Append([SpmVocabulary.End], true);
            spans.Add((from, tokens.Count, turn.Family));
        }

        return new Example(
            [.. tokens], [.. supervised],
            [.. conversation.Scenes.Select(Patches)], [.. conversation.Scenes.Select(s => PatchLabels.Of(s, shape.Grid))], spans);

        void Append(IEnumerable<int> ids, bool answer)
        {
            foreach (var id in ids)
            {
                tokens.Add(id);
                supervised.Add(answer);
            }
        }
    }

    /// <summary>The same conversation for language pre-training: pictures become their description in words, every token is supervised.</summary>
    public Example BuildText(Conversation conversation)
    {
        var tokens = new List<int> { SpmVocabulary.Begin };
        var scene = 0;
        foreach (var turn in conversation.Turns)
        {
            var described = string.Concat(Enumerable.Range(0, turn.Pictures).Select(_ => DescriptionWriter.DetailedText(conversation.Scenes[scene++]) + "\n"));
            tokens.AddRange(tokenizer.Encode("USER: " + described + turn.Question + " ASSISTANT:"));
            tokens.AddRange(tokenizer.Encode(turn.Answer));
            tokens.Add(SpmVocabulary.End);
        }

        var supervised = new bool[tokens.Count];
        Array.Fill(supervised, true);
        supervised[0] = false;
        return new Example([.. tokens], supervised, [], [], []);
    }

    /// <summary>A picture alone with its caption: for alignment the caption is the answer to the bare picture (the authors' "plain" form).</summary>
    public Example BuildCaption(Scene scene, string caption)
    {
        var answer = tokenizer.Encode(caption);
        int[] tokens = [SpmVocabulary.Begin, .. Enumerable.Repeat(-1, shape.ImageRows), .. answer, SpmVocabulary.End];
        var supervised = new bool[tokens.Length];
        Array.Fill(supervised, true, 1 + shape.ImageRows, answer.Count + 1);
        return new Example(tokens, supervised, [Patches(scene)], [PatchLabels.Of(scene, shape.Grid)], []) { Caption = [.. answer] };
    }

    private float[] Patches(Scene scene)
    {
        using var bitmap = painter.Paint(scene);
        return ModelPicture.Patches(bitmap, shape.ImageSize, shape.PatchSize);
    }
}
