namespace LlavaServer.Edge.Access;

/// <summary>A route's group of callers. Immutable.</summary>
internal sealed record AccessMetadata(AccessGroup Group);
