namespace LlavaServer.Tests.Clients;

/// <summary>What a client gave its caller.</summary>
internal sealed record ClientAnswer(string Text)
{
    /// <summary>In the words of the client's own type.</summary>
    public string Finish { get; init; } = "";

    public int InputTokens { get; init; }

    public int Pieces { get; init; }

    /// <summary>Name of the called tool.</summary>
    public string? Tool { get; init; }

    /// <summary>Its arguments as JSON.</summary>
    public string? Arguments { get; init; }
}
