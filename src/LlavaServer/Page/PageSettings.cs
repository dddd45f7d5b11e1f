using System.Text.Json;
using LlavaServer.Configuration;
using LlavaServer.Inference;
using Microsoft.Extensions.Options;

namespace LlavaServer.Page;

/// <summary>What <c>ui.json</c> tells the page: limits to check before sending, and what the operator chose. No secrets; read by anybody. Singleton.</summary>
internal sealed class PageSettings(IOptions<ServerOptions> server, IOptions<InferenceOptions> inference)
{
    public byte[] Write()
    {
        var (web, limits) = (server.Value.Web, server.Value.Limits);
        using var memory = new MemoryStream();
        using (var writer = new Utf8JsonWriter(memory))
        {
            writer.WriteStartObject();
            writer.WriteString("title", web.Title);
            writer.WriteString("notice", web.Notice ?? "");
            writer.WriteString("defaultModel", web.DefaultModel ?? "");
            writer.WriteString("systemPrompt", web.SystemPrompt ?? "");
            writer.WriteNumber("maxImages", limits.Images);
            writer.WriteNumber("maxImageBytes", limits.ImageBytes);
            writer.WriteNumber("maxImagePixels", inference.Value.Limits.ImagePixels);
            writer.WriteNumber("maxRequestBytes", limits.MaxRequestBodyBytes);
            writer.WriteNumber("longestSide", web.LongestSide);
            writer.WriteBoolean("camera", web.Camera);
            writer.WriteBoolean("history", web.History);
            writer.WriteBoolean("examples", web.Examples);
            writer.WriteString("version", ProductVersion.Short);
            writer.WriteEndObject();
        }

        return memory.ToArray();
    }
}
