using System.Text.Json;

namespace LlavaServer.Inference.Prompting;

/// <summary>Variables of chat templates: those that only the server sets, and sets of values that dialects ask for.</summary>
public static class PromptVariables
{
    /// <summary>A boolean that templates of models that think read.</summary>
    public const string Thinking = "enable_thinking";

    /// <summary>How hard a model is to think, a word: for templates that know degrees.</summary>
    public const string ThinkLevel = "reasoning_effort";

    public static IReadOnlyList<string> Reserved { get; } = ["messages", "tools", "add_generation_prompt", "bos_token", "eos_token", "strftime_now"];

    public static IReadOnlyDictionary<string, JsonElement> None { get; } = new Dictionary<string, JsonElement>();

    /// <param name="level"><c>low</c>, <c>medium</c>, <c>high</c> or <c>max</c>; null leaves it to the template.</param>
    public static IReadOnlyDictionary<string, JsonElement> Think(string? level)
    {
        var variables = new Dictionary<string, JsonElement> { [Thinking] = JsonSerializer.SerializeToElement(true) };
        if (level is not null)
        {
            variables[ThinkLevel] = JsonSerializer.SerializeToElement(level);
        }

        return variables;
    }

    public static IReadOnlyDictionary<string, JsonElement> NoThinking { get; } =
        new Dictionary<string, JsonElement> { [Thinking] = JsonSerializer.SerializeToElement(false) };
}
