using System.Text.Json.Serialization;
using LlavaServer.Models.Registry;

namespace LlavaServer.Endpoints.Ollama.Store;

/// <summary>A line of a pull or push: what is done, and how far the file is that is on its way.</summary>
internal sealed record OllamaProgress([property: JsonPropertyName("status")] string Status)
{
    [JsonPropertyName("digest"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Digest { get; init; }

    [JsonPropertyName("total"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Total { get; init; }

    [JsonPropertyName("completed"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Completed { get; init; }

    public static OllamaProgress Of(PullProgress progress) => progress.Digest is { } digest
        ? new OllamaProgress(progress.Status) { Digest = digest.ToString(), Total = progress.Total, Completed = progress.Completed > 0 ? progress.Completed : null }
        : new OllamaProgress(progress.Status);
}
