using LlavaServer.Inference.Grammars;

namespace LlavaServer.Inference.Tools;

/// <summary>What one answer that may call tools needs to be picked and read. Immutable; made on a request thread, shared by the choices of a request.</summary>
internal sealed record CallPlan
{
    public required CallSyntax Syntax { get; init; }

    public required CallOpening Opening { get; init; }

    public required Grammar Grammar { get; init; }

    /// <summary>Whether the model is free until a call begins; else the grammar holds from the first token on.</summary>
    public required bool StartsFree { get; init; }

    /// <summary>Whether the answer may also be of another form, in which the caller's stop texts end it.</summary>
    public required bool HasForm { get; init; }

    /// <summary>Control tokens of the vocabulary that begin a call: their text is read although control tokens have none.</summary>
    public required IReadOnlyList<int> MarkerTokens { get; init; }

    /// <summary>Control tokens of the vocabulary that are part of calls, those that begin one among them.</summary>
    public required IReadOnlyList<int> CallTokens { get; init; }

    /// <summary>Whether a control token's text is read, as part of a call or because it begins one.</summary>
    public bool Shows(int tokenId, bool isInCall) => (isInCall ? CallTokens : MarkerTokens).Contains(tokenId);
}
