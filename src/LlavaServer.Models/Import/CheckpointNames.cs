namespace LlavaServer.Models.Import;

/// <summary>
/// One name for each tensor, whichever of three naming schemes a checkpoint has: Hugging Face before 4.52 (`language_model.model.`), after it
/// (`model.language_model.`), and the authors' own (`model.`, `model.mm_projector.0.`).
/// </summary>
internal static class CheckpointNames
{
    public const string Vision = "vision.";
    public const string Projector = "projector.";

    private const string Adapted = "base_model.model.";

    private static readonly (string Prefix, string Replacement)[] Prefixes =
    [
        ("model.vision_tower.vision_tower.vision_model.", Vision),
        ("model.vision_tower.vision_model.", Vision),
        ("vision_tower.vision_model.", Vision),
        ("model.vision_tower.", Vision),
        ("model.multi_modal_projector.", Projector),
        ("multi_modal_projector.", Projector),
        ("model.mm_projector.0.", Projector + "linear_1."),
        ("model.mm_projector.2.", Projector + "linear_2."),
        ("model.language_model.", "model."),
        ("language_model.", string.Empty),
    ];

    /// <summary>Of adapters, too, whose makers put a prefix of their own before the model's.</summary>
    public static string Normalize(string name)
    {
        name = name.StartsWith(Adapted, StringComparison.Ordinal) ? name[Adapted.Length..] : name;
        foreach (var (prefix, replacement) in Prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                return replacement + name[prefix.Length..];
            }
        }

        return name;
    }
}
