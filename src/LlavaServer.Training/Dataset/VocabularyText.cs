using LlavaServer.Training.Drawing;

namespace LlavaServer.Training.Dataset;

/// <summary>The text that the vocabulary is trained on: questions and answers of drawn conversations, and every fixed phrase.</summary>
public static class VocabularyText
{
    public static IEnumerable<string> Draw(int conversations, int seed)
    {
        var random = new Random(seed);
        var writer = new ConversationWriter(new SceneSampler(5));
        for (var i = 0; i < conversations; i++)
        {
            foreach (var turn in writer.Sample(random, 6).Turns)
            {
                yield return "USER: ";
                yield return "\n" + turn.Question + " ASSISTANT:";
                yield return turn.Answer;
            }

            // Words of rare turns would otherwise lose against long merges of frequent ones.
            if (i % 40 == 0)
            {
                yield return string.Join(' ', ChatPhrases.Systems) + " " + string.Join(' ', Lexicon.Words);
                var chat = ChatPhrases.Draw(random, false);
                yield return chat.Question + " " + chat.Answer;
            }
        }
    }
}
