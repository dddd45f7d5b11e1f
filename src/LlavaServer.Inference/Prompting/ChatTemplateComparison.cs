using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Prompting;

/// <summary>Whether two templates write the same prompts, tried on small conversations.</summary>
internal static class ChatTemplateComparison
{
    /// <param name="one">A template.</param>
    /// <param name="other">Another one.</param>
    /// <param name="withPictures">Whether pictures count too.</param>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="withSystem">Whether system texts count too; there are templates that refuse them.</param>
    public static bool WriteTheSame(ChatTemplate one, ChatTemplate other, bool withPictures, ITokenizer tokenizer, bool withSystem = true)
    {
        var picture = new ChatMessage(ChatRole.User, [MessagePart.FromImage(default, ""), MessagePart.FromText("What?")]);
        var answer = new ChatMessage(ChatRole.Assistant, [MessagePart.FromText("This.")]);
        List<ChatMessage[]> conversations = [[User("Hello")], [User("Hello"), answer, User("And?")]];
        if (withSystem)
        {
            conversations.Add([System(), User("Hello")]);
        }

        if (withPictures)
        {
            conversations.Add([picture]);
        }

        return conversations.TrueForAll(c => Written(one, c, tokenizer) is { } text && text == Written(other, c, tokenizer));
    }

    private static ChatMessage System() => new(ChatRole.System, [MessagePart.FromText("Be brief.")]);

    private static ChatMessage User(string text) => new(ChatRole.User, [MessagePart.FromText(text)]);

    private static string? Written(ChatTemplate template, ChatMessage[] messages, ITokenizer tokenizer)
    {
        var text = new PromptText();
        try
        {
            template.Render(Conversation.From(messages), text);
        }
        catch (InferenceException)
        {
            return null;
        }

        return text.ToPlainText(tokenizer, "\uFFFC");
    }
}
