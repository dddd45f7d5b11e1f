namespace LlavaServer.Tests.EndToEnd;

/// <summary>All end-to-end tests, one after another over the same servers.</summary>
[CollectionDefinition(Name)]
public sealed class EndToEndGroup : ICollectionFixture<BundledServer>, ICollectionFixture<EndlessServer>
{
    public const string Name = "end to end";
}
