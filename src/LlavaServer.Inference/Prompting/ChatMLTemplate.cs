namespace LlavaServer.Inference.Prompting;

/// <summary>
/// <c>&lt;|im_start|&gt;role⏎text&lt;|im_end|&gt;</c> (conversations <c>chatml_direct</c> without, <c>qwen_1_5</c> with a newline after the end token).
/// </summary>
internal sealed class ChatMLTemplate(string name, string? defaultSystem, bool newlineAfterEnd) : ChatTemplate(name, "<|im_end|>")
{
    private const string Start = "<|im_start|>";
    private const string End = "<|im_end|>";
    private readonly string _afterEnd = newlineAfterEnd ? "\n" : "";

    public override void Render(Conversation conversation, PromptText output)
    {
        if ((conversation.System ?? defaultSystem) is { } system)
        {
            output.Control(Start).Text("system\n").Text(system).Control(End).Text(_afterEnd);
        }

        for (var i = 0; i < conversation.Turns.Count; i++)
        {
            var turn = conversation.Turns[i];
            output.Control(Start).Text(turn.Role == ChatRole.User ? "user\n" : "assistant\n");
            Content(turn, output);
            if (!conversation.LeavesOpen(i))
            {
                output.Control(End).Text(_afterEnd);
            }
        }

        if (conversation.AddsPrompt)
        {
            output.Control(Start).Text("assistant\n");
        }
    }
}
