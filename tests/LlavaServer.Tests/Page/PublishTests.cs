using System.Text.Json;
using LlavaServer.Page;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Page;

/// <summary>What <c>dotnet publish</c> would copy, as MSBuild computes it without building.</summary>
public sealed class PublishTests
{
    [Fact]
    public async Task W5_Publish_TakesEveryFileOfThePageAlong()
    {
        Assert.SkipWhen(Repository.Top is null, "The tests do not run inside their repository.");
        var project = Path.Combine(Repository.Top, "src", "LlavaServer");
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var (exitCode, output, errors) = await Tool.RunAsync(
            project, "dotnet", ["msbuild", "-nologo", "-t:ComputeResolvedFilesToPublishList", "-getItem:ResolvedFileToPublish", "-p:NoBuild=true", $"-p:Configuration={configuration}"]);
        Assert.True(exitCode == 0, System.Text.Encoding.UTF8.GetString(output) + errors);
        using var items = JsonDocument.Parse(output);
        var published = items.RootElement.GetProperty("Items").GetProperty("ResolvedFileToPublish").EnumerateArray()
            .Select(static item => item.GetProperty("RelativePath").GetString()!.Replace('\\', '/')).ToHashSet();
        var page = new PageFiles(Path.Combine(project, "wwwroot")).Paths;
        Assert.Contains(PageFiles.Index, page);
        Assert.DoesNotContain(page, path => !published.Contains("wwwroot" + path));
    }
}
