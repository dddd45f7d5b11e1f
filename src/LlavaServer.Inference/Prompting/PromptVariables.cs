using System.Text.Json;

namespace LlavaServer.Inference.Prompting;

/// <summary>Variables of chat templates: those that only the server sets, and sets of values that dialects ask for.</summary>
public static class PromptVariables
{
    /// <summary>A boolean that templates of models that think read.</summary>
    public const string Thinking = "enable_thinking";

    public static IReadOnlyList<string> Reserved { get; } = ["messages", "tools", "add_generation_prompt", "bos_token", "eos_token", "strftime_now"];

    public static IReadOnlyDictionary<string, JsonElement> None { get; } = new Dictionary<string, JsonElement>();

    public static IReadOnlyDictionary<string, JsonElement> NoThinking { get; } =
        new Dictionary<string, JsonElement> { [Thinking] = JsonSerializer.SerializeToElement(false) };
}
