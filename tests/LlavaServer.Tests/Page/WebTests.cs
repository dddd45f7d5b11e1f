namespace LlavaServer.Tests.Page;

/// <summary>The modules of the chat page without a browser.</summary>
public sealed class WebTests
{
    public static TheoryData<string> Files => WebFiles.FilesOf("unit");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Files))]
    public async Task Modules_WithoutBrowser_AreRight(string file)
    {
        WebFiles.NeedOf("node");
        await WebFiles.RunAsync(file, new Dictionary<string, string>());
    }
}
