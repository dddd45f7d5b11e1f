using System.Text;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Logging;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI.Completions;

/// <summary>Makes the neutral requests of a text completion, one for every prompt. Singleton, thread-safe.</summary>
internal sealed class CompletionMapper(IOptions<LimitsOptions> limits, ModelTexts texts, LogitBias logitBias)
{
    public IReadOnlyList<GenerationRequest> Map(CompletionRequest request, ModelEntry model, RequestRecord record)
    {
        CheckPictures(request, model);
        var sampling = logitBias.Apply(request, model);
        return
        [
            .. request.Prompts.Select(prompt => request.ApplyTo(new GenerationRequest
            {
                Model = model.Name,
                WrittenPrompt = prompt.Text is null ? [Tokens(prompt, model)]
                    : request.Suffix is { } suffix ? Filling(prompt.Text, suffix, model)
                    : [.. Parts(prompt, record)],
            }) with { Sampling = sampling }),
        ];
    }

    /// <summary>What an answer that echoes its prompt begins with.</summary>
    public string Echo(CompletionPrompt prompt, ModelEntry model)
    {
        if (prompt.Text is { } text)
        {
            return text;
        }

        using var bytes = new MemoryStream();
        foreach (var token in prompt.Tokens)
        {
            bytes.Write(texts.BytesOf(model, token));
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    private MessagePart Tokens(CompletionPrompt prompt, ModelEntry model)
    {
        var size = texts.VocabularySize(model);
        var wrong = prompt.Tokens.FirstOrDefault(token => token >= size, -1);
        return wrong < 0
            ? MessagePart.FromTokens(prompt.Tokens)
            : throw RequestException.InvalidValue(prompt.Path, $"'{prompt.Path}' has a token beyond the vocabulary of {size} tokens.");
    }

    private MessagePart[] Filling(string prompt, string suffix, ModelEntry model)
    {
        var fill = texts.FillOf(model);
        return fill.AreThere
            ?
            [
                MessagePart.FromTokens([fill.Prefix]), MessagePart.FromText(prompt), MessagePart.FromTokens([fill.Suffix]), MessagePart.FromText(suffix),
                MessagePart.FromTokens([fill.Middle]),
            ]
            : throw RequestException.Unsupported("suffix", $"'suffix' is not supported: the model '{ModelNames.Display(model.Name)}' has no tokens for filling a gap.");
    }

    private IEnumerable<MessagePart> Parts(CompletionPrompt prompt, RequestRecord record)
    {
        var pieces = prompt.Pictures.Count == 0 ? [prompt.Text!] : prompt.Text!.Split(ApplyTemplateEndpoint.MediaMarker);
        for (var i = 0; i < pieces.Length; i++)
        {
            if (i > 0)
            {
                var field = prompt.Pictures[i - 1];
                var bytes = ImageUrl.ReadBase64(field, limits.Value.ImageBytes);
                record.Images++;
                record.ImageBytes += bytes.Length;
                yield return MessagePart.FromImage(bytes, field.Path);
            }

            if (pieces[i].Length > 0 || pieces.Length == 1)
            {
                yield return MessagePart.FromText(pieces[i]);
            }
        }
    }

    private void CheckPictures(CompletionRequest request, ModelEntry model)
    {
        var pictures = request.Prompts.SelectMany(static prompt => prompt.Pictures).ToList();
        if (pictures.Count > 0 && !model.HasVision)
        {
            throw new RequestException(400, "image_input_not_supported", $"The model '{ModelNames.Display(model.Name)}' does not take images.", pictures[0].Path);
        }

        if (pictures.Count > limits.Value.Images)
        {
            throw new RequestException(
                400, "too_many_images", $"The request has {pictures.Count} images; at most {limits.Value.Images} are allowed (Limits:Images).", pictures[0].Path);
        }
    }
}
