namespace LlavaServer.Tests.EndToEnd;

/// <summary>One server with the bundled model for all end-to-end tests.</summary>
public sealed class BundledServer : IAsyncLifetime
{
    public const string Model = "llava-mini";

    private static readonly string ModelFile = Path.Combine(AppContext.BaseDirectory, "BundledModel", "llava-mini.gguf");

    private ServerProcess? server;

    public static bool HasModel => File.Exists(ModelFile);

    /// <summary>Skips the test in a build without the bundled model.</summary>
    public Uri Address
    {
        get
        {
            Assert.SkipWhen(server is null, "This build has no bundled model.");
            return server.Address;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (HasModel)
        {
            server = await ServerProcess.StartAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            await server.DisposeAsync();
        }
    }
}
