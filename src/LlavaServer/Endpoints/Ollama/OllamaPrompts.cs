using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// Prompts as text and as tokens, as the dialect shows them to its clients: <c>context</c> in both directions, <c>_debug_render_only</c>, and the tokens
/// that <c>suffix</c> needs. Singleton, thread-safe.
/// </summary>
internal sealed class OllamaPrompts(ModelTexts texts, TimeProvider time)
{
    /// <summary>Tokens by which the model fills a gap.</summary>
    public (int Prefix, int Suffix, int Middle)? FillOf(ModelEntry model) =>
        texts.FillOf(model) is { AreThere: true } fill ? (fill.Prefix, fill.Suffix, fill.Middle) : null;

    /// <summary>The request with the template that it brings, if it brings one. Throws 400 for a text that is no template.</summary>
    public GenerationRequest WithTemplate(GenerationRequest generation, string template, ModelEntry model)
    {
        try
        {
            return template.Length > 0 ? texts.WithTemplate(model, generation, template) : generation;
        }
        catch (InferenceException failure) when (failure.Parameter == "template")
        {
            throw RequestException.InvalidValue("template", failure.Message);
        }
    }

    /// <summary>Whether the template that writes the request's prompt fills gaps. A text that is no template is refused later.</summary>
    public bool FillsByTemplate(string template, ModelEntry model)
    {
        var request = new GenerationRequest { Model = model.Name };
        try
        {
            return texts.TakesSuffix(model, WithTemplate(request, template, model));
        }
        catch (RequestException)
        {
            return true;
        }
    }

    /// <summary>Tokens of an earlier conversation; null when the member is not given. Throws 400 for what is no token of the model.</summary>
    public IReadOnlyList<int>? ReadContext(JsonFields root, ModelEntry model)
    {
        if (!root.TryGet("context", out var field))
        {
            return null;
        }

        var size = texts.VocabularySize(model);
        return
        [
            .. field.AsArray().Select(item => item.AsInt64() is var token && token >= 0 && token < size
                ? (int)token
                : throw RequestException.InvalidValue(item.Path, $"{item.Path}: {token} is no token of the model, which has {size}")),
        ];
    }

    /// <summary>
    /// What the next request gives as <c>context</c>: the tokens of prompt and answer, without pictures. Null when they cannot be told any more, for example
    /// because the model was deleted while it answered: the answer is whole without them.
    /// </summary>
    public IReadOnlyList<int>? WriteContext(ModelEntry model, GenerationRequest request, string answer)
    {
        try
        {
            return [.. texts.PromptTokens(model, request), .. texts.Tokenize(model, answer, addSpecial: false, parseSpecial: false)];
        }
        catch (InferenceException)
        {
            return null;
        }
    }

    /// <summary>The answer that shows the prompt in place of one of the model.</summary>
    public OllamaPiece Render(OllamaRequest request, GenerationRequest generation, ModelEntry model)
    {
        // A word that nobody can have written into a prompt.
        var marker = $"[{Guid.NewGuid()}]";
        var pieces = texts.WritePrompt(model, generation, marker).Split(marker);
        return new OllamaPiece(request.Model, time.GetUtcNow(), "")
        {
            DebugInfo = new OllamaDebugInfo
            {
                RenderedTemplate = string.Concat(pieces.Select(static (piece, index) => index == 0 ? piece : $"[img-{index - 1}]{piece}")),
                ImageCount = pieces.Length - 1,
            },
        };
    }
}
