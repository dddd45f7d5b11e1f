namespace LlavaServer.Tests.EndToEnd;

/// <summary>The models that <c>LLAVA_PRELOAD</c> names.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class PreloadTests
{
    [Fact]
    public async Task Serve_PreloadOfAnUnknownModel_Exits2AndNamesSettingAndModels()
    {
        Tool.Need("env");
        string[] command = ["LLAVA_PRELOAD=llava-mini,llava-maxi", "dotnet", Path.Combine(AppContext.BaseDirectory, "llava.dll"), "serve", "--host", $"127.0.0.1:{ServerProcess.FreePort()}"];
        var (exitCode, _, errors) = await Tool.RunAsync(AppContext.BaseDirectory, "env", command);
        Assert.Equal((2, "Models:Preload names 'llava-maxi', which is not served; served: llava-mini."), (exitCode, errors.Trim()));
    }

    [Fact]
    public async Task Serve_PreloadOfAServedModel_IsReady()
    {
        await using var server = await ServerProcess.StartAsync(new Dictionary<string, string> { ["LLAVA_PRELOAD"] = "llava-mini" });
        using var http = new HttpClient();
        using var ready = await http.GetAsync(new Uri(server.Address, "readyz"), TestContext.Current.CancellationToken);
        Assert.Equal(200, (int)ready.StatusCode);
    }
}
