namespace LlavaServer.Inference.Prompting;

/// <summary>Llama-3's headers: <c>&lt;|start_header_id|&gt;role&lt;|end_header_id|&gt;⏎⏎text&lt;|eot_id|&gt;</c>, texts trimmed.</summary>
internal sealed class LlamaThreeTemplate(string? defaultSystem) : ChatTemplate("llama-3", "<|eot_id|>")
{
    public override void Render(Conversation conversation, PromptText output)
    {
        if ((conversation.System ?? defaultSystem) is { } system)
        {
            Header("system", output);
            output.Text(system.Trim()).Control("<|eot_id|>");
        }

        for (var i = 0; i < conversation.Turns.Count; i++)
        {
            var turn = conversation.Turns[i];
            Header(turn.Role == ChatRole.User ? "user" : "assistant", output);
            Content(turn, output, trim: true);
            if (!conversation.LeavesOpen(i))
            {
                output.Control("<|eot_id|>");
            }
        }

        if (conversation.AddsPrompt)
        {
            Header("assistant", output);
        }
    }

    private static void Header(string role, PromptText output) =>
        output.Control("<|start_header_id|>").Text(role).Control("<|end_header_id|>").Text("\n\n");
}
