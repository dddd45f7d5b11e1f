using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>
/// Log probabilities of the bundled model against llama-server's, which are in the golden file: made with <c>n_probs</c> 20 at temperature 0 from the
/// same prompts; one case has a bias, which they do not show. And answers that repeat by seed.
/// </summary>
[Collection(EndToEndGroup.Name)]
public sealed class LogProbabilityTests(BundledServer server)
{
    /// <summary>Weights in F16, sums in another order: 0.0023 was measured at most.</summary>
    private const double Tolerance = 0.02;

    private static readonly JsonElement s_golden = Read();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, s_golden.GetProperty("cases").GetArrayLength())];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Completions_Greedy_LogProbabilitiesAreLlamaServers(int index)
    {
        var golden = s_golden.GetProperty("cases")[index];
        var request = new JsonObject
        {
            ["model"] = BundledServer.Model,
            ["prompt"] = JsonNode.Parse(golden.GetProperty("prompt").GetRawText()),
            ["temperature"] = 0,
            ["max_tokens"] = 12,
            ["logprobs"] = 5,
        };
        if (golden.TryGetProperty("fields", out var fields))
        {
            foreach (var field in fields.EnumerateObject())
            {
                request[field.Name] = JsonNode.Parse(field.Value.GetRawText());
            }
        }

        var choice = (await PostAsync("v1/completions", request)).GetProperty("choices")[0];
        Assert.Equal(golden.GetProperty("content").GetString(), choice.GetProperty("text").GetString());
        var ours = choice.GetProperty("logprobs");
        var steps = golden.GetProperty("steps").EnumerateArray().ToList();
        for (var i = 0; i < ours.GetProperty("tokens").GetArrayLength(); i++)
        {
            Assert.Equal(steps[i].GetProperty("logprob").GetDouble(), ours.GetProperty("token_logprobs")[i].GetDouble(), Tolerance);

            // Of the likely ones the order and value are the same too; names may fall together, so fewer than five are fine.
            var theirs = steps[i].GetProperty("top").EnumerateArray().Select(pair => pair[1].GetDouble()).ToList();
            var top = ours.GetProperty("top_logprobs")[i].EnumerateObject().Select(member => member.Value.GetDouble()).Order().Reverse().ToList();
            Assert.All(top.Take(3).Zip(theirs), pair => Assert.Equal(pair.Second, pair.First, Math.Max(Tolerance, -pair.Second * 0.02)));
        }
    }

    [Fact]
    public async Task Chat_SeveralChoicesWithASeed_AreTheAnswersToTheSeedsInARow()
    {
        var three = await AskAsync(77, 3);
        var again = await AskAsync(77, 3);
        var alone = new List<string>();
        for (var seed = 77; seed < 80; seed++)
        {
            alone.AddRange(await AskAsync(seed, 1));
        }

        Assert.Equal(alone, three);
        Assert.Equal(three, again);
        Assert.True(three.Distinct().Count() > 1, "all seeds gave the same answer");
    }

    private async Task<List<string>> AskAsync(int seed, int choices)
    {
        var body = await PostAsync("v1/chat/completions", new JsonObject
        {
            ["model"] = BundledServer.Model,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Tell me about shapes." }),
            ["temperature"] = 1.8,
            ["top_k"] = 0,
            ["top_p"] = 1,
            ["min_p"] = 0,
            ["max_tokens"] = 24,
            ["seed"] = seed,
            ["n"] = choices,
        });
        return [.. body.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("message").GetProperty("content").GetString()!)];
    }

    private async Task<JsonElement> PostAsync(string path, JsonObject request)
    {
        using var client = new HttpClient { BaseAddress = server.Address };
        using var response = await client.PostAsJsonAsync(path, request, Token);
        var body = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.IsSuccessStatusCode, body);
        using var document = JsonDocument.Parse(body);
        return document.RootElement.Clone();
    }

    private static JsonElement Read()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "EndToEnd", "Golden", "llama-server-logprobs.json")));
        return document.RootElement.Clone();
    }
}
