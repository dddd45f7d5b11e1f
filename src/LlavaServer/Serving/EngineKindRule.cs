using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using Microsoft.Extensions.Options;

namespace LlavaServer.Serving;

/// <summary>Refuses an engine that this build does not have.</summary>
internal sealed class EngineKindRule : IValidateOptions<InferenceOptions>
{
    public ValidateOptionsResult Validate(string? name, InferenceOptions options) =>
        options.Engine.Kind == EngineOptions.LLamaSharpKind && !NativeEngine.IsBuiltIn
            ? ValidateOptionsResult.Fail($"Engine:Kind is {EngineOptions.LLamaSharpKind}, but {NativeEngine.Look().Problem}.")
            : ValidateOptionsResult.Success;
}
