namespace LlavaServer.Inference.Engines;

/// <summary>The spelling of vision profiles in settings, on the command line and in model information.</summary>
public static class VisionProfileName
{
    public const string Reference = "ref";
    public const string LlamaCppL28 = "llamacpp-l28";
    public const string LlamaCppH = "llamacpp-h";
    public const string LlamaCppD = "llamacpp-d";

    public static bool TryParse(string? name, out VisionProfile profile)
    {
        switch (name)
        {
            case Reference:
                profile = VisionProfile.Reference;
                return true;
            case LlamaCppL28:
                profile = VisionProfile.LlamaCppL28;
                return true;
            case LlamaCppH:
                profile = VisionProfile.LlamaCppH;
                return true;
            case LlamaCppD:
                profile = VisionProfile.LlamaCppD;
                return true;
            default:
                profile = default;
                return false;
        }
    }

    public static string Of(VisionProfile profile) => profile switch
    {
        VisionProfile.Reference => Reference,
        VisionProfile.LlamaCppL28 => LlamaCppL28,
        VisionProfile.LlamaCppH => LlamaCppH,
        VisionProfile.LlamaCppD => LlamaCppD,
        _ => throw new ArgumentOutOfRangeException(nameof(profile)),
    };
}
