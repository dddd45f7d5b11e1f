using LlavaServer.Inference.Tools;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>What a chat request says about tools. Outlives the body.</summary>
internal sealed record RequestTools
{
    /// <summary>Those that may be called.</summary>
    public IReadOnlyList<RequestTool> Tools { get; init; } = [];

    public ToolChoice Choice { get; init; } = ToolChoice.Auto;

    public bool AllowsParallelCalls { get; init; } = true;
}
