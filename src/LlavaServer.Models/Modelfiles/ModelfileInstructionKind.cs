namespace LlavaServer.Models.Modelfiles;

/// <summary>The instructions of a Modelfile.</summary>
public enum ModelfileInstructionKind
{
    /// <summary>What the model is made of: a model's name, a file or a folder.</summary>
    From,

    /// <summary>An option of the model, with its name.</summary>
    Parameter,

    /// <summary>Go template of its prompts.</summary>
    Template,

    /// <summary>System text.</summary>
    System,

    /// <summary>A license; there may be several.</summary>
    License,

    /// <summary>A message that every conversation begins with, with its role.</summary>
    Message,

    /// <summary>File or folder of a LoRA.</summary>
    Adapter,

    /// <summary>File of a draft model.</summary>
    Draft,

    /// <summary>Name of Ollama's built-in writer of prompts.</summary>
    Renderer,

    /// <summary>Name of Ollama's built-in reader of answers.</summary>
    Parser,

    /// <summary>Version of Ollama that the model needs.</summary>
    Requires,
}
