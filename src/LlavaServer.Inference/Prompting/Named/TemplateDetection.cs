using LlavaServer.Inference.Prompting.GoTemplate;
using LlavaServer.Inference.Prompting.Jinja;
using LlavaServer.Models.Creation;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Prompting.Named;

/// <summary>
/// Finds the named format that a model file's own chat template writes. Ollama compares the texts of templates and takes what is near; here both are
/// rendered, and a name is given only to what writes the same, so a model is never prompted otherwise than it was trained. Stateless, any thread.
/// </summary>
public static class TemplateDetection
{
    private const string TemplateKey = "tokenizer.chat_template";

    /// <summary>The format of a model file, or null when its template has no name, can do more (tools), or cannot be read.</summary>
    public static DetectedTemplate? Find(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        try
        {
            var source = metadata.GetString(TemplateKey, "");
            return source.Length == 0 || source.Contains("tools", StringComparison.Ordinal) || metadata.Contains(TemplateKey + ".tool_use")
                ? null
                : Find(source, TokenizerFactory.Create(metadata));
        }
        catch (GgufException)
        {
            // A vocabulary that this server does not know; its owner may have another one for it.
            return null;
        }
    }

    /// <summary>What is wrong with a Go template, or null.</summary>
    public static string? FaultOf(string template)
    {
        try
        {
            GoProgram.Compile(GoChatTemplate.TemplateName, template);
            return null;
        }
        catch (JinjaException failure)
        {
            return failure.Message;
        }
    }

    private static DetectedTemplate? Find(string source, ITokenizer tokenizer)
    {
        var limits = new LimitOptions();
        JinjaChatTemplate own;
        try
        {
            own = JinjaChatTemplate.Compile(source, tokenizer, limits, TimeProvider.System);
        }
        catch (JinjaException)
        {
            return null;
        }

        var takesSystem = own.Capabilities.TakesSystem;
        foreach (var named in NamedTemplates.All)
        {
            var template = named.ToGo();
            if ((named.TakesSystem ?? takesSystem) == takesSystem
                && ChatTemplateComparison.WriteTheSame(
                    GoChatTemplate.Compile(template, tokenizer, limits, TimeProvider.System), own, withPictures: false, tokenizer, withSystem: takesSystem))
            {
                return new DetectedTemplate(named.Name, template, named.Stops);
            }
        }

        return null;
    }
}
