namespace LlavaServer.Edge.Access;

/// <summary>Puts routes into a group of callers.</summary>
internal static class AccessEndpointConventionBuilderExtensions
{
    /// <summary>The last group that a route is given counts.</summary>
    public static TBuilder WithAccess<TBuilder>(this TBuilder route, AccessGroup group)
        where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new AccessMetadata(group));
}
