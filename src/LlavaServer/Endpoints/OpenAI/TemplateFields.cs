using System.Text.Json;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// Reads what is for the chat template: its variables (<c>chat_template_kwargs</c>, and <c>reasoning_effort</c> none, which switches thinking off where a
/// template knows it), and how the prompt ends.
/// </summary>
internal static class TemplateFields
{
    private const int MaxVariables = 64;

    public static IReadOnlyDictionary<string, JsonElement> Variables(JsonFields body)
    {
        var variables = new Dictionary<string, JsonElement>(SwitchesThinkingOff(body) ? PromptVariables.NoThinking : PromptVariables.None);
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

    /// <summary>Other efforts change nothing, and are listed as ignored.</summary>
    public static bool SwitchesThinkingOff(JsonFields body) =>
        body.TryGet("reasoning_effort", out var effort) && effort.Kind == JsonValueKind.String && effort.AsString() == "none";

    /// <summary>Fields for variables that the model's template does not read.</summary>
    public static IEnumerable<string> WithoutEffect(ChatCompletionRequest request, Func<string, bool> reads)
    {
        foreach (var name in request.TemplateVariables.Keys.Where(name => !reads(name)))
        {
            yield return request.SwitchesThinkingOff && name == PromptVariables.Thinking ? "reasoning_effort" : $"chat_template_kwargs.{name}";
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
