using LlavaServer.Models.Tests.Store;

namespace LlavaServer.Models.Tests.Registry;

/// <summary>The process that the crash tests kill while it pulls.</summary>
internal static class PullChild
{
    public const string Verb = "pull-child";

    public static async Task<int> RunAsync(string root, string name)
    {
        using var bench = new PullBench(root: root);
        await bench.PullAsync(StoreChild.Name(name), CancellationToken.None);
        return 0;
    }
}
