using System.Diagnostics;
using System.Net;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Edge.Remote;

/// <summary>Pictures named by <c>file://</c>: from the configured folder and nowhere else.</summary>
public sealed class LocalImagesTests : IAsyncLifetime
{
    private const string Parameter = "messages[0].content[0].image_url.url";

    private readonly string _top = Path.GetFullPath(Directory.CreateTempSubdirectory("llava-media-").FullName);
    private string _media = "";
    private ScriptedServer? _server;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _media = Path.Combine(_top, "media");
        Directory.CreateDirectory(Path.Combine(_media, "sub folder"));
        Directory.CreateDirectory(Path.Combine(_top, "media-not"));
        await File.WriteAllBytesAsync(Path.Combine(_media, "in.png"), TestPictures.Encode(6, 7), Cancelled);
        await File.WriteAllBytesAsync(Path.Combine(_media, "sub folder", "deep.png"), TestPictures.Encode(6, 7), Cancelled);
        await File.WriteAllBytesAsync(Path.Combine(_top, "out.png"), TestPictures.Encode(6, 7), Cancelled);
        await File.WriteAllBytesAsync(Path.Combine(_top, "media-not", "out.png"), TestPictures.Encode(6, 7), Cancelled);
        await File.WriteAllBytesAsync(Path.Combine(_media, "empty.png"), [], Cancelled);
        await File.WriteAllBytesAsync(Path.Combine(_media, "large.png"), new byte[70_000], Cancelled);
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(Path.Combine(_media, "link-in.png"), "in.png");
            File.CreateSymbolicLink(Path.Combine(_media, "link-out.png"), Path.Combine(_top, "out.png"));
            File.CreateSymbolicLink(Path.Combine(_media, "link-zero.png"), "/dev/zero");
            File.CreateSymbolicLink(Path.Combine(_media, "circle.png"), Path.Combine(_media, "circle.png"));
            Directory.CreateSymbolicLink(Path.Combine(_media, "folder-out"), Path.Combine(_top, "media-not"));
            using var made = Process.Start("mkfifo", Path.Combine(_media, "pipe.png"));
            await made.WaitForExitAsync(Cancelled);
        }

        _server = await ScriptedServer.StartAsync(settings: new Dictionary<string, string?>
        {
            ["Llava:Images:MediaPath"] = _media,
            ["Llava:Limits:ImageBytes"] = "65536",
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        Directory.Delete(_top, recursive: true);
    }

    [Theory]
    [InlineData("file://in.png")]
    [InlineData("FILE://in.png")]
    [InlineData("file:in.png")]
    [InlineData("file://{media}/in.png")]
    [InlineData("file://localhost{media}/in.png")]
    [InlineData("file://{media}/sub%20folder/deep.png")]
    [InlineData("file://sub folder/deep.png")]
    [InlineData("file://link-in.png")]
    public async Task IMG14_PictureBelowTheFolder_IsSeen(string url)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "paths of this test are those of Unix");
        using var response = await AskAsync(url);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Contains("[6x7]", _server!.Script.LastPrompt, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file://{top}/out.png")]
    [InlineData("file://{top}/media-not/out.png")]
    [InlineData("file://../out.png")]
    [InlineData("file://{media}/../out.png")]
    [InlineData("file://{media}/%2e%2e/out.png")]
    [InlineData("file://..%2fout.png")]
    [InlineData("file://link-out.png")]
    [InlineData("file://folder-out/out.png")]
    [InlineData("file://link-zero.png")]
    [InlineData("file://circle.png")]
    [InlineData("file://pipe.png")]
    [InlineData("file://sub%20folder")]
    [InlineData("file://empty.png")]
    [InlineData("file://missing.png")]
    [InlineData("file://")]
    [InlineData("file:")]
    [InlineData("file:///etc/passwd")]
    [InlineData("file:////server/share/a.png")]
    [InlineData("file://in.png%00.txt")]
    [InlineData("file://in.png?x")]
    [InlineData("file:///proc/self/environ")]
    public async Task IMG14_AnythingElse_RefusedWithOneText(string url)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "paths of this test are those of Unix");
        using var response = await AskAsync(url);
        var message = await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "invalid_image_url", Parameter);
        Assert.Contains("Images:MediaPath", message, StringComparison.Ordinal);
        Assert.DoesNotContain(_top, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task IMG14_LargeFile_RefusedBySetting()
    {
        using var response = await AskAsync("file://large.png");
        Assert.Contains("Limits:ImageBytes", await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "image_file_too_large", Parameter), StringComparison.Ordinal);
    }

    [Fact]
    public async Task IMG14_WithoutAFolder_Refused()
    {
        await using var plain = await ScriptedServer.StartAsync();
        using var response = await OpenAIServer.PostAsync(plain, OpenAIServer.Parts(Part("file://in.png")));
        Assert.Contains("Images:MediaPath", await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "invalid_image_url", Parameter), StringComparison.Ordinal);
    }

    private Task<HttpResponseMessage> AskAsync(string url) => OpenAIServer.PostAsync(
        _server!, OpenAIServer.Parts(Part(url.Replace("{media}", _media, StringComparison.Ordinal).Replace("{top}", _top, StringComparison.Ordinal))));

    private static string Part(string url) => $$$"""{"type":"image_url","image_url":{"url":"{{{url}}}"}}""";
}
