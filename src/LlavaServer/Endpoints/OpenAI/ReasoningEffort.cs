using System.Text.Json;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Reads how much a model shall think, as variables of its chat template: switched off, or one of the four levels that templates know.</summary>
internal static class ReasoningEffort
{
    /// <summary>Null when nothing is given, or something that changes nothing.</summary>
    public static IReadOnlyDictionary<string, JsonElement>? Read(JsonFields fields, string name) =>
        !fields.TryGet(name, out var effort) || effort.Kind != JsonValueKind.String ? null : effort.AsString() switch
        {
            "none" => PromptVariables.NoThinking,
            "minimal" or "low" => PromptVariables.Think("low"),
            "medium" => PromptVariables.Think("medium"),
            "high" => PromptVariables.Think("high"),
            "xhigh" or "ultra" or "max" => PromptVariables.Think("max"),
            _ => null,
        };
}
