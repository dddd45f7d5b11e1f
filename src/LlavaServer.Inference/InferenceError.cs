namespace LlavaServer.Inference;

/// <summary>Causes of a failed generation. Each HTTP dialect maps them to its own status and body in one file.</summary>
public enum InferenceError
{
    ModelNotFound,
    ModelLoadFailed,

    /// <summary>Loading the model takes longer than the caller waits for it; <see cref="InferenceException.RetryAfter"/> says when to come again.</summary>
    ModelLoading,

    /// <summary>There is not enough memory for the model or the request.</summary>
    OutOfMemory,

    /// <summary>The queue has no place left; <see cref="InferenceException.RetryAfter"/> says when to come again.</summary>
    QueueFull,

    /// <summary>Prompt and context length are in <see cref="InferenceException.PromptTokens"/> and <see cref="InferenceException.ContextLength"/>.</summary>
    PromptTooLong,

    /// <summary>A picture that is not one, or over a limit; <see cref="InferenceException.ImageError"/> says which.</summary>
    InvalidImage,

    /// <summary>A picture for a model without vision.</summary>
    ImageNotSupported,

    /// <summary>A JSON Schema that cannot be held; the message says where.</summary>
    InvalidSchema,

    /// <summary>A grammar that cannot be compiled; the message says where.</summary>
    InvalidGrammar,

    /// <summary>The model gives no embeddings.</summary>
    EmbeddingsNotSupported,

    /// <summary>The model's vector of an input has a number that is infinite or none: its file may be damaged.</summary>
    EmbeddingNotFinite,

    Unsupported,
    EngineFailed,

    /// <summary>The engine died too often to be started at once; <see cref="InferenceException.RetryAfter"/> says when it is tried again.</summary>
    EngineUnavailable,
    ShuttingDown,
}
