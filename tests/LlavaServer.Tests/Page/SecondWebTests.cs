namespace LlavaServer.Tests.Page;

/// <summary>The chat page in a browser, one half of its files; the other half runs beside it, see <see cref="FirstWebTests"/>.</summary>
public sealed class SecondWebTests
{
    public static TheoryData<string> Files => WebFiles.FilesOf("e2e", part: 1, parts: 2);

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Files))]
    public Task Page_InChromium_IsRight(string file) => WebFiles.RunInChromiumAsync(file);
}
