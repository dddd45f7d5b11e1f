namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>How far a response or one of its items is.</summary>
internal enum ResponseStatus
{
    InProgress,

    Completed,

    /// <summary>Cut by a limit of tokens or time.</summary>
    Incomplete,

    /// <summary>Responses only.</summary>
    Failed,
}
