using System.Text;
using System.Text.Json.Nodes;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>The npm packages openai and ollama against the running server.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class NodeClientTests(BundledServer bundled)
{
    [Fact]
    public async Task OpenAI_WholeStreamTurnsErrorLeave_AllWork()
    {
        var report = await RunAsync("openai.mjs");
        Assert.Contains("red", (string)report["whole"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("stop", (string)report["finish"]!);
        Assert.Equal((string?)report["whole"], (string?)report["streamed"]);
        Assert.Equal((string?)report["whole"], (string?)report["accumulated"]);
        Assert.InRange((int)report["chunks"]!, 4, int.MaxValue);
        Assert.Equal((int)report["usage"]!["total_tokens"]!, (int)report["streamedUsage"]!["total_tokens"]!);
        Assert.StartsWith("No", (string)report["secondTurn"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(report["models"]!.AsArray(), id => ((string)id!).StartsWith(BundledServer.Model, StringComparison.Ordinal));
        Assert.Equal("BadRequestError", (string)report["error"]!["name"]!);
        Assert.Equal((400, "image_parse_error"), ((int)report["error"]!["status"]!, (string)report["error"]!["code"]!));
        Assert.NotEqual("the stream ended by itself", (string)report["left"]!);
        Assert.Equal("length", (string)report["afterLeaving"]!);
    }

    [Fact]
    public async Task Ollama_WholeStreamTurnsErrorLeave_AllWork()
    {
        var report = await RunAsync("ollama.mjs");
        Assert.Contains("red", (string)report["whole"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("stop", (string)report["done"]!);
        Assert.Equal((string?)report["whole"], (string?)report["streamed"]);
        Assert.InRange((int)report["chunks"]!, 2, int.MaxValue);
        Assert.InRange((int)report["evalCount"]!, 1, 64);
        Assert.StartsWith("No", (string)report["secondTurn"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("red", (string)report["generated"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("llava-mini:latest", (string)report["models"]![0]!);
        Assert.Equal(400, (int)report["error"]!["status"]!);
        Assert.Equal("AbortError", (string)report["left"]!);
        Assert.Equal("length", (string)report["afterLeaving"]!);
    }

    private async Task<JsonNode> RunAsync(string script)
    {
        var folder = await NodePackages.FolderAsync();
        var picture = Path.Combine(TestPicture.Folder, TestPicture.RedCircle.FileName);
        var broken = Path.Combine(TestPicture.Folder, TestPicture.Truncated.FileName);
        var (exitCode, output, errors) = await Tool.RunAsync(folder, "node", [script, bundled.Address.ToString(), BundledServer.Model, picture, broken]);
        Assert.True(exitCode == 0, errors);
        return JsonNode.Parse(Encoding.UTF8.GetString(output))!;
    }
}
