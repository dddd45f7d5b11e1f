using System.Net;
using System.Text.Json;
using LlavaServer.Endpoints.Ollama.Store;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Loading;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Endpoints.Ollama;

/// <summary><c>POST /api/show</c>: what the files of a model say about it. Singleton, thread-safe.</summary>
internal sealed class OllamaShowEndpoint(OllamaRequestReader reader, OllamaModels models, StoredModels stored)
{
    private const string ChatTemplateKey = "tokenizer.chat_template";
    private const string CopilotAgent = "GitHubCopilotChat/";

    public async Task HandleAsync(HttpContext context)
    {
        OllamaModelInformation information;
        using (var body = await reader.ReadBodyAsync(context))
        {
            var text = NameIn(body.Root);
            var name = OllamaModels.NameOf(text.Length > 0 ? text : throw OllamaErrors.ModelRequired());
            var model = models.Find(name) ?? throw OllamaErrors.ModelNotFound(name.Display);
            var isLocal = context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address);
            var isCopilot = context.Request.Headers.UserAgent.ToString().StartsWith(CopilotAgent, StringComparison.Ordinal);
            information = Describe(model, body.Root, isLocal, isCopilot ? text : null);
        }

        await OllamaJson.WriteAsync(context, information, OllamaJson.Context.OllamaModelInformation);
    }

    /// <summary><c>model</c>, or <c>name</c> as older clients call it.</summary>
    internal static string NameIn(JsonFields root) => root.String("model") is { Length: > 0 } model ? model : root.String("name") ?? "";

    private OllamaModelInformation Describe(ModelEntry model, JsonFields request, bool isLocal, string? baseName)
    {
        var texts = model.Stored is { } own ? StoredTexts.Read(own.Manifest, stored.Store.Blobs) : StoredTexts.None;
        var system = request.String("system") is { Length: > 0 } asked ? asked : texts.System;
        try
        {
            using var file = model.Unusable is null ? GgufFile.Open(model.Files.ModelPath) : null;
            using var projector = model.Files.MmprojPath is { } path ? GgufFile.Open(path) : null;
            var isVerbose = request.Boolean("verbose") ?? false;
            var values = file is null ? [] : GgufJson.ToElements(file.Metadata, isVerbose);
            values.Remove("general.name");
            values.Remove(ChatTemplateKey);
            if (file is not null)
            {
                values["general.parameter_count"] = JsonSerializer.SerializeToElement(model.ParameterCount);
            }

            if (baseName is not null)
            {
                values["general.basename"] = JsonSerializer.SerializeToElement(baseName);
            }

            var template = texts.Template ?? file?.Metadata.GetString(ChatTemplateKey, null);
            return new OllamaModelInformation
            {
                License = texts.Licenses.Count > 0 ? string.Join('\n', texts.Licenses) : null,
                Modelfile = ModelfileText.Write(model.Name, ModelfileSources.Of(model, stored.Store.Blobs, isLocal), texts, texts.Template, system, request.Object("options")),
                Parameters = ModelfileText.Parameters(texts),
                Template = template,
                System = system,
                Renderer = texts.Renderer,
                Parser = texts.Parser,
                Requires = texts.Requires,
                Messages = texts.Messages,
                Details = OllamaModelDetails.Of(model),
                ModelInfo = values,
                ProjectorInfo = projector is null ? null : GgufJson.ToElements(projector.Metadata, isVerbose),
                Tensors = file is null ? null : [.. file.Tensors.Select(OllamaTensor.Of)],
                Capabilities = model.Capabilities,
                ModifiedAt = model.ModifiedAt,
            };
        }
        catch (Exception exception) when (model.Stored is not null && exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw OllamaErrors.ModelNotFound(model.Name);
        }
        catch (Exception exception) when (exception is GgufException or IOException or UnauthorizedAccessException)
        {
            throw new RequestException(StatusCodes.Status500InternalServerError, "model_unreadable", "the model's files cannot be read any more");
        }
    }
}
