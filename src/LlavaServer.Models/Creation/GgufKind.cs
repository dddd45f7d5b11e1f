using LlavaServer.Models.Gguf;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Creation;

/// <summary>What a GGUF file is among the files of a model. (Rules: Ollama's.)</summary>
internal static class GgufKind
{
    private const string Clip = "clip";

    /// <summary>One of <see cref="LayerTypes.Model"/>, <see cref="LayerTypes.Projector"/> and <see cref="LayerTypes.Adapter"/>.</summary>
    /// <exception cref="GgufException">A key that tells has another type.</exception>
    public static string LayerTypeOf(GgufMetadata metadata)
    {
        var architecture = metadata.GetString("general.architecture", "");
        return metadata.GetString("general.type", "") switch
        {
            "adapter" => LayerTypes.Adapter,
            "mmproj" or "projector" => LayerTypes.Projector,
            _ when metadata.GetInt64(architecture + ".vision.block_count", 0) > 0 && !metadata.Contains(architecture + ".block_count") => LayerTypes.Projector,
            _ when architecture == Clip && Encodes(metadata) && metadata.GetInt64("clip.text.block_count", 0) == 0 => LayerTypes.Projector,
            _ => LayerTypes.Model,
        };
    }

    /// <summary>Whether it is a projector of two layers, of the time before projectors said of which kind they are.</summary>
    public static bool LacksProjectorType(GgufSource source) => source.Metadata.GetString("general.architecture", "") == Clip
        && !source.Metadata.Contains("clip.projector_type") && !source.Metadata.Contains("clip.vision.projector_type")
        && source.Tensors.Any(static tensor => tensor.Name == "mm.2.weight");

    private static bool Encodes(GgufMetadata metadata) => metadata.GetBoolean("clip.has_vision_encoder", false) || metadata.GetBoolean("clip.has_audio_encoder", false);
}
