namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>How a composed value is written as text where a template writes it as it is.</summary>
internal enum GoShape
{
    /// <summary>As Go's fmt writes lists, maps and structs.</summary>
    Plain,

    /// <summary>As compact JSON: Ollama's tools, arguments and properties.</summary>
    Json,

    /// <summary>Types of a tool's property: one alone, or a list.</summary>
    Types,

    /// <summary>A tool's property, of which a TypeScript type can be asked.</summary>
    Property,
}
