using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Logging;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// Makes the neutral request of a chat request, in the order of the dialect: the model sees pictures at all, their number, then each one's text. What is
/// in a picture's bytes is judged by inference. Singleton, thread-safe.
/// </summary>
internal sealed class ChatCompletionMapper(IOptions<LimitsOptions> limits, LogitBias logitBias)
{
    public GenerationRequest Map(ChatCompletionRequest request, ModelEntry model, RequestRecord record)
    {
        CheckImages(request, model);
        var messages = request.Messages.Select(message => new ChatMessage(message.Role, [.. message.Parts.Select(part => Map(part, record))])).ToList();
        if (messages[^1].Role == ChatRole.Assistant && !request.ContinuesFinalMessage)
        {
            // A closed turn: the model answers after it, instead of going on with it.
            messages.Add(new ChatMessage(ChatRole.User, [MessagePart.FromText("")]));
        }

        var sampling = logitBias.Apply(request, model);
        return request.ApplyTo(new GenerationRequest { Model = model.Name, Messages = messages }) with { Sampling = sampling };
    }

    private void CheckImages(ChatCompletionRequest request, ModelEntry model)
    {
        var images = request.Messages.SelectMany(static message => message.Parts).Where(static part => part.Image is not null).ToList();
        if (images.Count == 0)
        {
            return;
        }

        var path = images[0].Image!.Value.Path;
        if (!model.HasVision)
        {
            throw new RequestException(400, "image_input_not_supported", $"The model '{ModelNames.Display(model.Name)}' does not take images.", path);
        }

        if (images.Count > limits.Value.Images)
        {
            throw new RequestException(
                400, "too_many_images", $"The request has {images.Count} images; at most {limits.Value.Images} are allowed (Limits:Images).", path);
        }
    }

    private MessagePart Map(RequestPart part, RequestRecord record)
    {
        if (part.Image is not { } field)
        {
            return MessagePart.FromText(part.Text!);
        }

        var bytes = part.IsBareBase64 ? ImageUrl.ReadBase64(field, limits.Value.ImageBytes) : ImageUrl.Read(field, limits.Value.ImageBytes);
        if (part.IsFile && !ImageSignature.IsKnown(bytes))
        {
            throw new RequestException(400, "unsupported_file_type", $"The file in '{field.Path}' is not an image that this server reads.", field.Path);
        }

        record.Images++;
        record.ImageBytes += bytes.Length;
        return MessagePart.FromImage(bytes, field.Path);
    }
}
