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
        var neutral = new GenerationRequest
        {
            Model = model.Name,
            Messages = [.. request.Messages.Select(message => Map(message, record))],
            Ending = request.Ending,
            TemplateVariables = request.TemplateVariables,
            Tools = request.Tools.Tools,
            ToolChoice = request.Tools.Choice,
            AllowsParallelToolCalls = request.Tools.AllowsParallelCalls,
        };
        return request.ApplyTo(neutral) with { Sampling = logitBias.Apply(request, model) };
    }

    private ChatMessage Map(RequestMessage message, RequestRecord record) => new(message.Role, [.. message.Parts.Select(part => Map(part, record))])
    {
        ToolCalls = message.ToolCalls,
        ToolCallId = message.ToolCallId,
        ToolName = message.ToolName,
    };

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
