namespace LlavaServer.Inference.Prompting;

/// <summary>
/// How a conversation is written for a family of models, with the strings that the models were trained with (llava/conversation.py of the LLaVA
/// authors). Immutable, used from any thread. Pictures stand at the front of their message, each followed by a newline.
/// </summary>
internal abstract class ChatTemplate
{
    protected ChatTemplate(string name, params string[] stopTexts)
    {
        Name = name;
        StopTexts = stopTexts;
    }

    /// <summary>Name of the family, shown in model information.</summary>
    public string Name { get; }

    /// <summary>Texts that end an answer, besides the end tokens of the vocabulary.</summary>
    public IReadOnlyList<string> StopTexts { get; }

    /// <summary>Whether a variable of this name can change what is written. Families have none.</summary>
    public virtual bool Reads(string variable) => false;

    /// <summary>
    /// Writes the conversation, up to where the answer begins unless it asks for something else, and sets the form of calls if it is not the generic one.
    /// </summary>
    public abstract void Render(Conversation conversation, PromptText output);

    /// <summary>Writes the pictures of a turn, then its text.</summary>
    protected static void Content(Turn turn, PromptText output, bool trim = false)
    {
        foreach (var image in turn.Images)
        {
            output.Image(image).Text("\n");
        }

        output.Text(trim ? turn.Text.Trim() : turn.Text);
    }
}
