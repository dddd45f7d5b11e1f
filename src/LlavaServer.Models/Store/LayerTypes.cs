namespace LlavaServer.Models.Store;

/// <summary>Media types of manifests, their configuration and their layers, as Ollama spells them.</summary>
public static class LayerTypes
{
    public const string Manifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string Config = "application/vnd.docker.container.image.v1+json";

    /// <summary>GGUF file of the language model; exactly one.</summary>
    public const string Model = Prefix + "model";

    /// <summary>GGUF file of vision tower and projector; the first counts.</summary>
    public const string Projector = Prefix + "projector";

    /// <summary>GGUF file of a LoRA.</summary>
    public const string Adapter = Prefix + "adapter";

    /// <summary>Text of a Go template.</summary>
    public const string Template = Prefix + "template";

    /// <summary>What very old models call a template.</summary>
    public const string Prompt = Prefix + "prompt";

    /// <summary>System text.</summary>
    public const string System = Prefix + "system";

    /// <summary>JSON object of options.</summary>
    public const string Parameters = Prefix + "params";

    /// <summary>JSON array of messages that every conversation begins with.</summary>
    public const string Messages = Prefix + "messages";

    /// <summary>Text of a license.</summary>
    public const string License = Prefix + "license";

    /// <summary>GGUF file of a draft model.</summary>
    public const string Draft = Prefix + "draft";

    /// <summary>One tensor of a safetensors model.</summary>
    public const string Tensor = Prefix + "tensor";

    private const string Prefix = "application/vnd.ollama.image.";
}
