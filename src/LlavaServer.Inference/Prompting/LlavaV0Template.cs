namespace LlavaServer.Inference.Prompting;

/// <summary><c>###Human: Q###Assistant: A###</c> (conversation <c>llava_v0</c> of the first LLaVA).</summary>
internal sealed class LlavaV0Template() : ChatTemplate("llava_v0", "###", "</s>")
{
    private const string DefaultSystem = "A chat between a curious human and an artificial intelligence assistant. "
        + "The assistant gives helpful, detailed, and polite answers to the human's questions.";

    public override void Render(Conversation conversation, PromptText output)
    {
        output.Text(conversation.System ?? DefaultSystem).Text("###");
        for (var i = 0; i < conversation.Turns.Count; i++)
        {
            var turn = conversation.Turns[i];
            if (turn.Role == ChatRole.User)
            {
                output.Text("Human: ");
                Content(turn, output);
                output.Text("###");
            }
            else
            {
                output.Text("Assistant: ").Text(turn.Text.TrimStart(' '));
                if (!conversation.LeavesOpen(i))
                {
                    output.Text("###");
                }
            }
        }

        if (conversation.AddsPrompt)
        {
            output.Text("Assistant:");
        }
    }
}
