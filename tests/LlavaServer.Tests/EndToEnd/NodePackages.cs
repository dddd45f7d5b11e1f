namespace LlavaServer.Tests.EndToEnd;

/// <summary>The Node.js scripts with their packages, installed once per build output by <c>npm ci</c> from the committed lock file.</summary>
internal static class NodePackages
{
    private static readonly SemaphoreSlim Gate = new(1);

    /// <summary>The folder of the scripts, ready to run. Skips the test where Node.js or its registry is missing.</summary>
    /// <param name="area">Folder of the tests whose scripts they are.</param>
    public static async Task<string> FolderAsync(string area = "EndToEnd")
    {
        Tool.Need("node", "npm");
        var folder = Path.Combine(AppContext.BaseDirectory, area, "node");
        var installed = Path.Combine(folder, "node_modules", ".package-lock.json");
        await Gate.WaitAsync();
        try
        {
            if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
            {
                var (exitCode, _, errors) = await Tool.RunAsync(folder, "npm", ["ci", "--no-audit", "--no-fund", "--prefer-offline"]);
                Assert.SkipWhen(exitCode != 0, $"npm ci failed: {errors}");
            }
        }
        finally
        {
            Gate.Release();
        }

        return folder;
    }
}
