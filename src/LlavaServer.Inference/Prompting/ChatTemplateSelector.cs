using LlavaServer.Inference.Prompting.GoTemplate;
using LlavaServer.Inference.Prompting.Jinja;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Prompting;

/// <summary>
/// Chooses the chat template of a model: named by a setting, else the Go template that its manifest brings, else from the text in the model file, else from name and vocabulary. The text in the file is
/// one of the named families if it writes the same as that family (or is a LLaVA's, whose authors' strings are known); other texts are interpreted.
/// Never ChatML for a vocabulary that does not know its tokens.
/// </summary>
internal static class ChatTemplateSelector
{
    public static readonly IReadOnlyList<string> Names =
        ["vicuna", "vicuna-plain", "bakllava", "llava_v0", "mistral", "llama-2", "llama-3", "chatml-34b", "chatml", "qwen"];

    /// <param name="explicitName">A name of <see cref="Names"/>, or null.</param>
    /// <param name="fileTemplate"><c>tokenizer.chat_template</c> of the model file, or null.</param>
    /// <param name="modelName"><c>general.name</c> and file name of the model.</param>
    /// <param name="sees">Whether the model has a vision tower.</param>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="limits">Bounds of interpreted templates; null for the defaults.</param>
    /// <param name="time">What interpreted templates read the date from; null for the system's.</param>
    /// <param name="fileToolTemplate"><c>tokenizer.chat_template.tool_use</c> of the model file, or null.</param>
    /// <param name="goTemplate">Go template of the model's entry in the store, or null.</param>
    public static ChatTemplateChoice Choose(
        string? explicitName,
        string? fileTemplate,
        string modelName,
        bool sees,
        ITokenizer tokenizer,
        LimitOptions? limits = null,
        TimeProvider? time = null,
        string? fileToolTemplate = null,
        string? goTemplate = null)
    {
        if (explicitName is not null || string.IsNullOrWhiteSpace(goTemplate))
        {
            return ChooseFromFile(explicitName, fileTemplate, modelName, sees, tokenizer, limits, time, fileToolTemplate);
        }

        try
        {
            // What is a known family but for its language ends its turns with the family's texts.
            var family = Recognise(goTemplate) is { } recognised && KnowsItsTokens(recognised, tokenizer) ? recognised : null;
            var template = GoChatTemplate.Compile(goTemplate, tokenizer, limits ?? new LimitOptions(), time ?? TimeProvider.System, [.. family?.StopTexts ?? []]);
            return new ChatTemplateChoice(template, "model template", null);
        }
        catch (JinjaException failure)
        {
            // Its family is read off its fixed texts, as that of any template that cannot be interpreted.
            var choice = ChooseFromFile(null, fileTemplate ?? goTemplate, modelName, sees, tokenizer, limits, time, fileToolTemplate);
            return choice with { Warning = $"The model's Go template cannot be interpreted ({failure.Message}); another one is used. {choice.Warning}".TrimEnd() };
        }
    }

    private static ChatTemplateChoice ChooseFromFile(
        string? explicitName,
        string? fileTemplate,
        string modelName,
        bool sees,
        ITokenizer tokenizer,
        LimitOptions? limits,
        TimeProvider? time,
        string? fileToolTemplate)
    {
        var choice = ChooseUsual(explicitName, fileTemplate, modelName, sees, tokenizer, limits ?? new LimitOptions(), time ?? TimeProvider.System);
        if (explicitName is not null || choice.Template is not { } usual || string.IsNullOrWhiteSpace(fileToolTemplate))
        {
            return choice;
        }

        return Interpret(fileToolTemplate, usual, tokenizer, limits ?? new LimitOptions(), time ?? TimeProvider.System, out var failure) is { } withTools
            ? choice with { Template = new ToolUseTemplate(usual, withTools) }
            : choice with { Warning = $"The model file's chat template for tools cannot be interpreted ({failure}); the other one is used. {choice.Warning}".TrimEnd() };
    }

    private static ChatTemplateChoice ChooseUsual(
        string? explicitName, string? fileTemplate, string modelName, bool sees, ITokenizer tokenizer, LimitOptions limits, TimeProvider time)
    {
        if (explicitName is not null)
        {
            var named = ByName(explicitName) ?? throw new InferenceException(
                InferenceError.ModelLoadFailed, $"Unknown chat template; known are {string.Join(", ", Names)}.");
            return new ChatTemplateChoice(named, "setting", null);
        }

        string? warning = null;
        if (!string.IsNullOrWhiteSpace(fileTemplate))
        {
            var recognised = Recognise(fileTemplate) is { } family && KnowsItsTokens(family, tokenizer) ? family : null;
            var interpreted = Interpret(fileTemplate, recognised, tokenizer, limits, time, out var failure);
            var isLlavas = sees && recognised is VicunaTemplate or LlavaV0Template;
            if (recognised is not null && (interpreted is null || isLlavas || ChatTemplateComparison.WriteTheSame(recognised, interpreted, sees, tokenizer)))
            {
                // Families have no form of calls of their own; a model whose template has one was trained with it.
                ChatTemplate template = interpreted is { Capabilities.Calls: not null } ? new ToolUseTemplate(recognised, interpreted) : recognised;
                return new ChatTemplateChoice(template, "model file", null);
            }

            if (interpreted is not null)
            {
                return new ChatTemplateChoice(interpreted, "model file", null);
            }

            warning = $"The model file's chat template is not one of the known families and cannot be interpreted ({failure}).";
        }

        if (FromFamily(modelName, sees, tokenizer) is { } profile)
        {
            return new ChatTemplateChoice(profile, "family profile", warning is null ? null : $"{warning} The profile '{profile.Name}' is used instead.");
        }

        return new ChatTemplateChoice(null, "none", warning is null
            ? "The model has no chat template and its family is not known; set one by name."
            : $"{warning} Set one by name.");
    }

    public static ChatTemplate? ByName(string name) => name switch
    {
        "vicuna" => new VicunaTemplate("vicuna", VicunaTemplate.DefaultSystem),
        "vicuna-plain" => new VicunaTemplate("vicuna-plain", null),
        "bakllava" => new VicunaTemplate("bakllava", null, beforeAnswer: "\n"),
        "llava_v0" => new LlavaV0Template(),
        "mistral" => new InstTemplate("mistral", null, startsEveryTurn: false),
        "llama-2" => new InstTemplate("llama-2", InstTemplate.LlamaTwoSystem, startsEveryTurn: true),
        "llama-3" => new LlamaThreeTemplate(null),
        "chatml-34b" => new ChatMLTemplate("chatml-34b", "Answer the questions.", newlineAfterEnd: false),
        "chatml" => new ChatMLTemplate("chatml", null, newlineAfterEnd: true),
        "qwen" => new ChatMLTemplate("qwen", "You are a helpful assistant.", newlineAfterEnd: true),
        _ => null,
    };

    private static JinjaChatTemplate? Interpret(
        string source, ChatTemplate? family, ITokenizer tokenizer, LimitOptions limits, TimeProvider time, out string? failure)
    {
        failure = null;
        if (!KnowsTokensOf(source, tokenizer))
        {
            failure = "the vocabulary does not have its control tokens";
            return null;
        }

        try
        {
            // A template that is like a family's, but not the same, ends its turns with the family's texts.
            return JinjaChatTemplate.Compile(source, tokenizer, limits, time, [.. family?.StopTexts ?? []]);
        }
        catch (JinjaException exception)
        {
            failure = exception.Message;
            return null;
        }
    }

    // Written as text, these two would make turns that the model has never seen; other families do write theirs as text.
    private static bool KnowsTokensOf(string source, ITokenizer tokenizer) => Array.TrueForAll(
        ["<|im_start|>", "<|start_header_id|>"], t => !source.Contains(t, StringComparison.Ordinal) || tokenizer.FindToken(t) >= 0);

    private static ChatTemplate? Recognise(string template)
    {
        bool Has(string text) => template.Contains(text, StringComparison.Ordinal);
        if (Has("<|im_start|>"))
        {
            return ByName(Has("You are a helpful assistant.") ? "qwen" : Has("Answer the questions.") ? "chatml-34b" : "chatml");
        }

        if (Has("<|start_header_id|>") && Has("<|eot_id|>"))
        {
            return ByName("llama-3");
        }

        if (Has("[INST]"))
        {
            return Has("<<SYS>>") ? new InstTemplate("llama-2", null, startsEveryTurn: true) : ByName("mistral");
        }

        if (Has("###") && Has("Human"))
        {
            return ByName("llava_v0");
        }

        if (Has("ASSISTANT:") && (Has("USER:") || Has(".upper()")))
        {
            var newlineBeforeAnswer = Has("\nASSISTANT:") || Has("\\nASSISTANT:");
            return ByName(newlineBeforeAnswer ? "bakllava" : Has("A chat between a curious user") ? "vicuna" : "vicuna-plain");
        }

        return null;
    }

    private static bool KnowsItsTokens(ChatTemplate template, ITokenizer tokenizer) => template switch
    {
        ChatMLTemplate => tokenizer.FindToken("<|im_start|>") >= 0 && tokenizer.FindToken("<|im_end|>") >= 0,
        LlamaThreeTemplate => tokenizer.FindToken("<|start_header_id|>") >= 0 && tokenizer.FindToken("<|eot_id|>") >= 0,
        _ => true,
    };

    private static ChatTemplate? FromFamily(string modelName, bool sees, ITokenizer tokenizer)
    {
        bool Named(string part) => modelName.Contains(part, StringComparison.OrdinalIgnoreCase);
        if (tokenizer.FindToken("<|im_start|>") >= 0)
        {
            return ByName(Named("34b") ? "chatml-34b" : "qwen");
        }

        if (tokenizer.FindToken("<|start_header_id|>") >= 0)
        {
            return sees ? new LlamaThreeTemplate(InstTemplate.LlamaTwoSystem) : ByName("llama-3");
        }

        if (Named("llama-2"))
        {
            return ByName("llama-2");
        }

        if (Named("bakllava"))
        {
            return ByName("bakllava");
        }

        if (Named("mistral"))
        {
            return ByName("mistral");
        }

        if (Named("llava-v0") || Named("llava_v0"))
        {
            return ByName("llava_v0");
        }

        // A text file of LLaVA-1.5 has neither template nor telling name ("LLaMA v2"): with a vision tower beside it, it is a Vicuna.
        return sees || Named("vicuna") || Named("llava") ? ByName("vicuna") : null;
    }
}
