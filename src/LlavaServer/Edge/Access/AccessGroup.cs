namespace LlavaServer.Edge.Access;

/// <summary>What a route asks of its caller. A route that says nothing belongs to <see cref="Use"/>.</summary>
internal enum AccessGroup
{
    /// <summary>Inference, lists, details: with keys configured, any key.</summary>
    Use,

    /// <summary>Probes and pages: never a key.</summary>
    Open,

    /// <summary>What changes models: with keys configured an admin key; without, this machine only.</summary>
    Manage,
}
