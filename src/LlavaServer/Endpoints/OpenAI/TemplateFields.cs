using System.Text.Json;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// Reads what is for the chat template: its variables (<c>chat_template_kwargs</c> and those of <see cref="ReasoningEffort"/>), how the prompt ends, and where
/// thoughts are shown.
/// </summary>
internal static class TemplateFields
{
    private const int MaxVariables = 64;

    /// <param name="body">With <c>chat_template_kwargs</c>, which come first.</param>
    /// <param name="effort">What <see cref="ReasoningEffort"/> read.</param>
    public static IReadOnlyDictionary<string, JsonElement> Variables(JsonFields body, IReadOnlyDictionary<string, JsonElement>? effort)
    {
        var variables = new Dictionary<string, JsonElement>(effort ?? PromptVariables.None);
        if (body.Object("chat_template_kwargs") is not { } fields)
        {
            return variables;
        }

        foreach (var field in fields.Members())
        {
            if (!IsIdentifier(field.Name) || PromptVariables.Reserved.Contains(field.Name))
            {
                throw RequestException.InvalidValue("chat_template_kwargs", $"'chat_template_kwargs' has a name that is not a variable's, or is the server's own ({string.Join(", ", PromptVariables.Reserved)}).");
            }

            if (field.Name == PromptVariables.Thinking && field.Kind is not (JsonValueKind.True or JsonValueKind.False))
            {
                throw field.WrongType("a boolean");
            }

            variables[field.Name] = field.Element.Clone();
            if (variables.Count > MaxVariables)
            {
                throw RequestException.InvalidValue("chat_template_kwargs", $"'chat_template_kwargs' has more than {MaxVariables} members.");
            }
        }

        return variables;
    }

    /// <summary>Whether thoughts stay part of the text, as <c>reasoning_format</c> says.</summary>
    public static bool KeepsThinkingInText(JsonFields body) => body.String("reasoning_format") switch
    {
        null or "auto" or "deepseek" => false,
        "none" => true,
        _ => throw RequestException.InvalidValue("reasoning_format", "Invalid value for 'reasoning_format': it must be auto, deepseek or none."),
    };

    /// <summary>Fields for variables that the model's template does not read.</summary>
    public static IEnumerable<string> WithoutEffect(ChatCompletionRequest request, Func<string, bool> reads)
    {
        foreach (var name in request.TemplateVariables.Keys.Where(name => !reads(name)))
        {
            if (name == PromptVariables.ThinkLevel || (name == PromptVariables.Thinking && request.SwitchesThinkingOff))
            {
                yield return "reasoning_effort";
            }
            else if (name != PromptVariables.Thinking || !request.TemplateVariables.ContainsKey(PromptVariables.ThinkLevel))
            {
                yield return $"chat_template_kwargs.{name}";
            }
        }
    }

    public static PromptEnding Ending(JsonFields body, IReadOnlyList<RequestMessage> messages)
    {
        var continues = body.Boolean("continue_final_message") ?? false;
        var addsPrompt = body.Boolean("add_generation_prompt");
        if (!continues)
        {
            return addsPrompt == false ? PromptEnding.Closed : PromptEnding.Answer;
        }

        if (addsPrompt == true)
        {
            throw RequestException.InvalidValue("continue_final_message", "'continue_final_message' and 'add_generation_prompt' cannot both be true.");
        }

        return messages[^1] is { Role: ChatRole.Assistant, ToolCalls.Count: 0 }
            ? PromptEnding.Continued
            : throw RequestException.InvalidValue("continue_final_message", "'continue_final_message' needs an assistant's message of text at the end.");
    }

    private static bool IsIdentifier(string name) =>
        name.Length is > 0 and <= 64 && !char.IsAsciiDigit(name[0]) && name.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
