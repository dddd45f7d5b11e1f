using LlavaServer.Inference;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;
using LlavaServer.Models.Gguf;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary><c>GET /props</c>, as llama-server has it: what a client asks before it draws its settings. Singleton, thread-safe.</summary>
internal sealed class PropsEndpoint(ModelSelector models, ModelPool pool, ModelTexts texts, IOptions<InferenceOptions> options)
{
    public Task GetAsync(HttpContext context)
    {
        var model = models.Select(context.Request.Query["model"]);
        return OpenAIJson.WriteResponseAsync(context, (Endpoint: this, Model: model, Template: TemplateOf(model)), static (writer, state) =>
        {
            var (endpoint, model, template) = state;
            var loaded = endpoint.Loaded(model);
            var sampling = model.Defaults.Sampling;
            var (begin, end) = endpoint.EndsOf(model);
            writer.WriteStartObject();
            writer.WriteStartObject("default_generation_settings"u8);
            writer.WriteStartObject("params"u8);
            writer.WriteNumber("temperature"u8, sampling.Temperature);
            writer.WriteNumber("top_k"u8, sampling.TopK);
            writer.WriteNumber("top_p"u8, sampling.TopP);
            writer.WriteNumber("min_p"u8, sampling.MinP);
            writer.WriteNumber("repeat_last_n"u8, sampling.RepeatLastN);
            writer.WriteNumber("repeat_penalty"u8, sampling.RepeatPenalty);
            writer.WriteNumber("presence_penalty"u8, sampling.PresencePenalty);
            writer.WriteNumber("frequency_penalty"u8, sampling.FrequencyPenalty);
            writer.WriteEndObject();
            writer.WriteNumber("n_ctx"u8, loaded?.Info.ContextLength ?? model.ContextLength);
            writer.WriteEndObject();
            writer.WriteNumber("total_slots"u8, endpoint.Slots);
            writer.WriteString("model_alias"u8, ModelNames.Display(model.Name));
            writer.WriteString("model_path"u8, Path.GetFileName(model.Files.ModelPath));
            writer.WriteString("model_ftype"u8, model.QuantizationLevel);
            writer.WriteStartObject("modalities"u8);
            writer.WriteBoolean("vision"u8, model.HasVision);
            writer.WriteBoolean("audio"u8, false);
            writer.WriteBoolean("video"u8, false);
            writer.WriteEndObject();
            writer.WriteString("media_marker"u8, ApplyTemplateEndpoint.MediaMarker);
            writer.WriteString("chat_template"u8, template);
            writer.WriteString("bos_token"u8, begin);
            writer.WriteString("eos_token"u8, end);
            writer.WriteString("build_info"u8, $"llavaserver-{ProductVersion.Full}");
            writer.WriteBoolean("is_sleeping"u8, loaded is null);
            writer.WriteEndObject();
        });
    }

    /// <summary>Settings are changed in the configuration, not by requests.</summary>
    public static Task PostAsync(HttpContext context) =>
        throw new RequestException(StatusCodes.Status403Forbidden, "endpoint_disabled", "Properties cannot be changed by requests; change the server's settings.");

    private int Slots => options.Value.Engine.Slots;

    private LoadedModel? Loaded(ModelEntry model) => pool.Loaded.FirstOrDefault(loaded => loaded.Entry.Name == model.Name);

    private (string Begin, string End) EndsOf(ModelEntry model) => texts.Ends(model);

    private static string TemplateOf(ModelEntry model)
    {
        if (model.Unusable is not null)
        {
            return "";
        }

        try
        {
            using var file = GgufFile.Open(model.Files.ModelPath);
            return file.Metadata.GetString("tokenizer.chat_template", "");
        }
        catch (Exception exception) when (exception is GgufException or IOException or UnauthorizedAccessException)
        {
            throw new InferenceException(InferenceError.ModelLoadFailed, "The model file cannot be read.", exception);
        }
    }
}
