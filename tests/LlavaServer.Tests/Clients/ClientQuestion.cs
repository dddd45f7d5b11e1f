using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Clients;

/// <summary>What a client is to ask, in no client's own words.</summary>
internal sealed record ClientQuestion(string Text, params TestPicture[] Pictures)
{
    /// <summary>Schema of the arguments of the tool <c>paint</c> and of structured answers.</summary>
    public const string Paint =
        """{"type":"object","properties":{"color":{"type":"string","enum":["red","blue"]},"filled":{"type":"boolean"}},"required":["color","filled"],"additionalProperties":false}""";

    public int MaxTokens { get; init; } = 256;

    /// <summary>The tool <c>paint</c> must be called.</summary>
    public bool RequiresTool { get; init; }

    /// <summary>The answer is JSON of <see cref="Paint"/>.</summary>
    public bool IsStructured { get; init; }
}
