using System.Text.Json;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>What a chat request says about tools. Outlives the body.</summary>
internal sealed record RequestTools
{
    /// <summary>Those that may be called, in the form of the request.</summary>
    public IReadOnlyList<JsonElement> Tools { get; init; } = [];

    public ToolChoice Choice { get; init; } = ToolChoice.Auto;

    public bool AllowsParallelCalls { get; init; } = true;
}
