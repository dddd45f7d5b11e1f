using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Prompting;
using Microsoft.Extensions.Options;

namespace LlavaServer.Inference;

/// <summary>Checks what attributes cannot say: spellings and rules between settings.</summary>
internal sealed class InferenceOptionsRules : IValidateOptions<InferenceOptions>
{
    public ValidateOptionsResult Validate(string? name, InferenceOptions options)
    {
        var failures = new List<string>();
        if (!VisionProfileName.TryParse(options.Engine.VisionProfile, out _))
        {
            failures.Add($"Engine:VisionProfile must be ref, llamacpp-l28, llamacpp-h or llamacpp-d, not '{options.Engine.VisionProfile}'.");
        }

        if (options.Engine.StepRows < options.Engine.Slots)
        {
            failures.Add($"Engine:StepRows ({options.Engine.StepRows}) must be at least Engine:Slots ({options.Engine.Slots}): a step has a row for each slot.");
        }

        if (options.Engine.KVPositions > 0 && options.Engine.KVPositions < options.Engine.ContextLength)
        {
            failures.Add(
                $"Engine:KVPositions ({options.Engine.KVPositions}) must be 0 or at least Engine:ContextLength ({options.Engine.ContextLength}): a request may fill it.");
        }

        try
        {
            _ = new EnginePlaces(options.Engine);
        }
        catch (FormatException exception)
        {
            failures.Add($"Engine:Processes must be name=in or name=child, separated by commas, not '{exception.Message}'.");
        }

        if (options.Models.ChatTemplate is { } template && ChatTemplateSelector.ByName(template) is null)
        {
            failures.Add($"Models:ChatTemplate must be one of {string.Join(", ", ChatTemplateSelector.Names)}, not '{template}'.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
