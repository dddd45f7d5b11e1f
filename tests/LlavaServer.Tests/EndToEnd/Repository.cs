namespace LlavaServer.Tests.EndToEnd;

/// <summary>The checkout that the tests were built in.</summary>
internal static class Repository
{
    /// <summary>The folder of the solution, or null when the tests run from elsewhere.</summary>
    public static string? Top { get; } = Find();

    private static string? Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "LlavaServer.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName;
    }
}
