namespace LlavaServer.Inference.Prompting;

/// <summary>Variables of chat templates that only the server sets.</summary>
public static class PromptVariables
{
    public static IReadOnlyList<string> Reserved { get; } = ["messages", "tools", "add_generation_prompt", "bos_token", "eos_token", "strftime_now"];
}
