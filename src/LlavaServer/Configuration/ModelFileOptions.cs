namespace LlavaServer.Configuration;

/// <summary>The pair of files to serve, section <c>Llava:Model</c>; without <see cref="Path"/> the bundled model is served.</summary>
internal sealed class ModelFileOptions
{
    /// <summary>Language model, a GGUF file.</summary>
    public string? Path { get; set; }

    /// <summary>Vision tower and projector, a GGUF file; without it the model is text only.</summary>
    public string? Mmproj { get; set; }

    /// <summary>Name that clients use. Default: the file's name without its extension.</summary>
    public string? Name { get; set; }
}
