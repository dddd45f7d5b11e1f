namespace LlavaServer.Endpoints.Documentation;

/// <summary>Metadata of a route: an example of its JSON body, and what its members are. Shown at <c>/swagger</c>.</summary>
internal sealed record RequestExample(string Json)
{
    /// <summary>Name, JSON type and description of each member.</summary>
    public IReadOnlyList<(string Name, string Type, string Description)> Members { get; init; } = [];
}
