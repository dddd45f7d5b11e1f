namespace LlavaServer.Endpoints.OpenAI;

/// <summary>What becomes of a field of a chat request.</summary>
internal enum ChatFieldRule
{
    /// <summary>Read and honoured.</summary>
    Honoured,

    /// <summary>Accepted in any form and listed in <c>llava-ignored-params</c>: the answer is right without it.</summary>
    Ignored,

    /// <summary>Accepted with the values that change nothing, refused by name with any other.</summary>
    NeutralOnly,

    /// <summary>Refused by name.</summary>
    Refused,
}
