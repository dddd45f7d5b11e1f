namespace LlavaServer.Inference.Prompting;

/// <summary>
/// <c>[INST] Q [/INST] A &lt;/s&gt;</c>: conversations <c>mistral_instruct</c> (no system text of its own) and <c>llava_llama_2</c> (with one, and a new
/// beginning-of-sequence token before every later turn).
/// </summary>
internal sealed class InstTemplate(string name, string? defaultSystem, bool startsEveryTurn) : ChatTemplate(name, "</s>", "[INST]")
{
    public const string LlamaTwoSystem = "You are a helpful language and vision assistant. You are able to understand the visual content that the "
        + "user provides, and assist the user with a variety of tasks using natural language.";

    public override void Render(Conversation conversation, PromptText output)
    {
        var system = conversation.System ?? defaultSystem;
        for (var i = 0; i < conversation.Turns.Count; i++)
        {
            var turn = conversation.Turns[i];
            if (turn.Role == ChatRole.User)
            {
                if (startsEveryTurn && i > 0)
                {
                    output.Control("<s>");
                }

                output.Text("[INST] ");
                if (!string.IsNullOrEmpty(system))
                {
                    output.Text("<<SYS>>\n").Text(system).Text("\n<</SYS>>\n\n");
                    system = null;
                }

                Content(turn, output);
                output.Text(" [/INST]");
            }
            else
            {
                output.Text(" ").Text(turn.Text.TrimStart(' '));
                if (!conversation.LeavesOpen(i))
                {
                    output.Text(" ").EndOfSequence();
                }
            }
        }
    }
}
