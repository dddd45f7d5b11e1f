using System.Net.Http.Json;
using System.Text.Json;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>The real server on a store that <c>OLLAMA_MODELS</c> names: the bundled model is taken in, and the copy answers like it.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class StoreProcessTests
{
    private static readonly string s_picture = Convert.ToBase64String(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "EndToEnd", "Pictures", "circle-and-square.png")));

    [Fact]
    public async Task Store_NamedByOllamasVariable_CopyAnswersLikeTheOriginalAfterRestart()
    {
        var root = Directory.CreateTempSubdirectory("llava-store-");
        try
        {
            var environment = new Dictionary<string, string> { ["LLAVA_MODELS"] = "", ["OLLAMA_MODELS"] = root.FullName };
            await using (var first = await ServerProcess.StartAsync(environment, "--threads", "2"))
            {
                using var client = new HttpClient { BaseAddress = first.Address };
                using var copied = await client.PostAsJsonAsync("api/copy", new { source = "llava-mini", destination = "team/Mini:v1" }, TestContext.Current.CancellationToken);
                Assert.True(copied.IsSuccessStatusCode);
            }

            Assert.True(File.Exists(Path.Combine(root.FullName, "manifests", "registry.ollama.ai", "team", "Mini", "v1")));
            await using var second = await ServerProcess.StartAsync(environment, "--threads", "2");
            using var again = new HttpClient { BaseAddress = second.Address };
            var original = await AskAsync(again, "llava-mini");
            Assert.NotEqual("", original);
            Assert.Equal(original, await AskAsync(again, "team/mini:v1"));
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    private static async Task<string> AskAsync(HttpClient client, string model)
    {
        var question = new { model, prompt = "What color is the circle?", images = new[] { s_picture }, stream = false, options = new { temperature = 0 } };
        using var response = await client.PostAsJsonAsync("api/generate", question, TestContext.Current.CancellationToken);
        using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return answer.RootElement.GetProperty("response").GetString()!;
    }
}
