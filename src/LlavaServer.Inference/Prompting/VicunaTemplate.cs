namespace LlavaServer.Inference.Prompting;

/// <summary>
/// <c>USER: Q ASSISTANT: A&lt;/s&gt;USER: ...</c> (conversation <c>vicuna_v1</c> of LLaVA-1.5). The system text is followed by one space; the answer brings
/// its own leading space.
/// </summary>
internal sealed class VicunaTemplate(string name, string? defaultSystem, string beforeAnswer = " ") : ChatTemplate(name, "</s>", "USER:")
{
    public const string DefaultSystem = "A chat between a curious user and an artificial intelligence assistant. "
        + "The assistant gives helpful, detailed, and polite answers to the user's questions.";

    public override void Render(Conversation conversation, PromptText output)
    {
        if ((conversation.System ?? defaultSystem) is { Length: > 0 } system)
        {
            output.Text(system).Text(" ");
        }

        for (var i = 0; i < conversation.Turns.Count; i++)
        {
            var turn = conversation.Turns[i];
            if (turn.Role == ChatRole.User)
            {
                output.Text("USER: ");
                Content(turn, output);
                output.Text(beforeAnswer);
            }
            else
            {
                output.Text("ASSISTANT: ").Text(turn.Text.TrimStart(' '));
                if (!conversation.LeavesOpen(i))
                {
                    output.EndOfSequence();
                }
            }
        }

        if (conversation.AddsPrompt)
        {
            output.Text("ASSISTANT:");
        }
    }
}
