namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>Bounds of one rendering.</summary>
/// <param name="Steps">Nodes evaluated, items made, and blocks of 64 characters copied, together.</param>
/// <param name="Bytes">Longest text that may be made, in UTF-8 bytes.</param>
internal sealed record JinjaLimits(int Steps, long Bytes)
{
    /// <summary>Longest template that is compiled, in characters: ten times the longest on public hubs.</summary>
    public const int SourceChars = 256 * 1024;

    /// <summary>Blocks and parentheses inside one another while compiling.</summary>
    public const int Nesting = 64;

    /// <summary>Macro calls and recursive loops inside one another.</summary>
    public const int Calls = 64;

    /// <summary>Nodes inside one another while rendering, calls included.</summary>
    public const int Depth = 800;
}
