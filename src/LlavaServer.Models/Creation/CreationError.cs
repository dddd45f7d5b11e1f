namespace LlavaServer.Models.Creation;

/// <summary>Why a model could not be created.</summary>
public enum CreationError
{
    /// <summary>The request asks for something that makes no model: wrong files, a damaged one, two language models.</summary>
    Invalid,

    /// <summary>The model to begin with was deleted meanwhile.</summary>
    BaseIsGone,

    /// <summary>The weights cannot be brought into the form that was asked for.</summary>
    Quantization,
}
