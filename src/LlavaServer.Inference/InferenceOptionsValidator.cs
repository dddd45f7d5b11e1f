using Microsoft.Extensions.Options;

namespace LlavaServer.Inference;

/// <summary>Checks the ranges of all settings (generated from the attributes).</summary>
[OptionsValidator]
internal sealed partial class InferenceOptionsValidator : IValidateOptions<InferenceOptions>;
