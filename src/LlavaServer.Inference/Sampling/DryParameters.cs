namespace LlavaServer.Inference.Sampling;

/// <summary>
/// "Don't repeat yourself" (p-e-w, text-generation-webui pull 5677): a token that would go on with a repeated run is made less likely the longer the run
/// is. Immutable; values are llama.cpp's.
/// </summary>
public sealed record DryParameters
{
    /// <summary>0 is off.</summary>
    public float Multiplier { get; init; }

    /// <summary>Below 1 is off.</summary>
    public float Base { get; init; } = 1.75f;

    /// <summary>Tokens of a repeated run that are not punished.</summary>
    public int AllowedLength { get; init; } = 2;

    /// <summary>Tokens looked back; 0 is off, -1 is the context length.</summary>
    public int LastN { get; init; } = 64;

    /// <summary>Texts that no repeated run goes across.</summary>
    public IReadOnlyList<string> SequenceBreakers { get; init; } = ["\n", ":", "\"", "*"];
}
