namespace LlavaServer.Inference.Prompting;

/// <summary>A template of which a model has another variant for conversations with tools.</summary>
internal sealed class ToolUseTemplate(ChatTemplate usual, ChatTemplate withTools)
    : ChatTemplate(usual.Name, [.. usual.StopTexts.Union(withTools.StopTexts)])
{
    public override bool Reads(string variable) => usual.Reads(variable) || withTools.Reads(variable);

    public override void Render(Conversation conversation, PromptText output) => (conversation.HasTools ? withTools : usual).Render(conversation, output);
}
