using System.Text;
using System.Text.Json.Nodes;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>The npm packages openai and ollama against the running server.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class NodeClientTests(BundledServer bundled, EndlessServer endless)
{
    [Fact]
    public async Task OpenAI_WholeStreamTurns_AnswerRight()
    {
        var report = await RunAsync("openai.mjs", bundled.Address, BundledServer.Model, TestPicture.RedCircle);
        Assert.Contains("red", (string)report["whole"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("stop", (string)report["finish"]!);
        Assert.Equal((string?)report["whole"], (string?)report["streamed"]);
        Assert.Equal((string?)report["whole"], (string?)report["accumulated"]);
        Assert.InRange((int)report["chunks"]!, 4, int.MaxValue);
        Assert.Equal((int)report["usage"]!["total_tokens"]!, (int)report["streamedUsage"]!["total_tokens"]!);
        Assert.Contains("red", (string)report["secondTurn"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(report["models"]!.AsArray(), id => ((string)id!).StartsWith(BundledServer.Model, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Ollama_WholeStreamTurns_AnswerRight()
    {
        var report = await RunAsync("ollama.mjs", bundled.Address, BundledServer.Model, TestPicture.RedCircle);
        Assert.Contains("red", (string)report["whole"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("stop", (string)report["done"]!);
        Assert.Equal((string?)report["whole"], (string?)report["streamed"]);
        Assert.InRange((int)report["chunks"]!, 2, int.MaxValue);
        Assert.InRange((int)report["evalCount"]!, 1, 64);
        Assert.Contains("red", (string)report["secondTurn"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("red", (string)report["generated"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("llava-mini:latest", (string)report["models"]![0]!);
    }

    [Fact]
    public async Task OpenAI_ErrorAndLeave_TypedAndSlotIsFreeAtOnce()
    {
        var report = await RunAsync("openai-leave.mjs", endless.Address, EndlessServer.Model, TestPicture.Truncated);
        Assert.Equal("BadRequestError", (string)report["error"]!["name"]!);
        Assert.Equal((400, "image_parse_error"), ((int)report["error"]!["status"]!, (string)report["error"]!["code"]!));
        Assert.Equal("messages[0].content[0].image_url.url", (string)report["error"]!["param"]!);
        AssertFreed(report);
    }

    [Fact]
    public async Task Ollama_ErrorAndLeave_TypedAndSlotIsFreeAtOnce()
    {
        var report = await RunAsync("ollama-leave.mjs", endless.Address, EndlessServer.Model, TestPicture.Truncated);
        Assert.Equal("ResponseError", (string)report["error"]!["name"]!);
        Assert.Equal(400, (int)report["error"]!["status"]!);
        Assert.Equal("AbortError", (string)report["left"]!);
        AssertFreed(report);
    }

    /// <summary>At the rate of the pieces that were read, the abandoned answer had some 10,000 more to go.</summary>
    private static void AssertFreed(JsonNode report)
    {
        Assert.InRange((int)report["pieces"]!, 50, 1_000);
        Assert.Equal("length", (string)report["finish"]!);
        Assert.InRange((double)report["waitedMs"]!, 0, (double)report["pieceMs"]! * 10_000 / 3);
    }

    private static async Task<JsonNode> RunAsync(string script, Uri address, string model, TestPicture picture)
    {
        var folder = await NodePackages.FolderAsync();
        var file = Path.Combine(TestPicture.Folder, picture.FileName);
        var (exitCode, output, errors) = await Tool.RunAsync(folder, "node", [script, address.ToString(), model, file]);
        Assert.True(exitCode == 0, errors);
        return JsonNode.Parse(Encoding.UTF8.GetString(output))!;
    }
}
