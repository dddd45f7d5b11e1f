using LlavaServer.Inference.Prompting;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Loading;

/// <summary>Reads the text side of a model from its GGUF file. Thread-safe.</summary>
internal static class GgufModelText
{
    /// <param name="entry">The model.</param>
    /// <param name="templateName">Chat template named by the settings, or null.</param>
    /// <param name="limits">Bounds of interpreted templates; null for the defaults.</param>
    /// <param name="time">What interpreted templates read the date from; null for the system's.</param>
    public static ModelText Read(ModelEntry entry, string? templateName, LimitOptions? limits = null, TimeProvider? time = null)
    {
        if (entry.Unusable is { } reason)
        {
            throw new InferenceException(InferenceError.ModelLoadFailed, $"The model '{entry.Name}' cannot be served: {reason}.");
        }

        using var file = GgufFile.Open(entry.Files.ModelPath);
        var tokenizer = TokenizerFactory.Create(file.Metadata);
        var name = $"{file.Metadata.GetString("general.name", "")} {(entry.Stored is null ? Path.GetFileName(entry.Files.ModelPath) : entry.Name)}";

        var template = ChatTemplateSelector.Choose(
            templateName,
            file.Metadata.GetString("tokenizer.chat_template", null),
            name,
            entry.HasVision,
            tokenizer,
            limits,
            time,
            file.Metadata.GetString("tokenizer.chat_template.tool_use", null),
            entry.Defaults.Template);
        return new ModelText(tokenizer, template);
    }
}
