using LlavaServer.Endpoints.Reading;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>One field of a chat request: its name, its type and text for the API's description, and what becomes of it. Immutable.</summary>
internal sealed record ChatField(string Name, string Type, string Description, ChatFieldRule Rule)
{
    /// <summary>For <see cref="ChatFieldRule.NeutralOnly"/>: whether a value changes nothing. Throws for a value of the wrong type.</summary>
    public Func<JsonField, bool>? IsNeutral { get; init; }

    /// <summary>The values that change nothing, in words.</summary>
    public string Neutral { get; init; } = "";
}
