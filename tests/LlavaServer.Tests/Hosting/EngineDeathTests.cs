using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using LlavaServer.Inference.Engines;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Hosting;

/// <summary>The engine process is killed while eight clients read; they see a pause and nothing else.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class EngineDeathTests
{
    private const int Streams = 8;
    private const int Tokens = 100;

    /// <summary>
    /// Engine, quantized or not, temperature. llama.cpp rounds by the size of a batch, so that what is drawn, or where random weights make a near tie, may
    /// be another token in another batch: there a trained model has to say what it is sure of.
    /// </summary>
    public static TheoryData<string, bool, double> Kinds => [.. EngineKinds.All.SelectMany(static kind =>
        from isQuantized in kind == EngineOptions.CpuKind ? new[] { false, true } : [true]
        from temperature in kind == EngineOptions.CpuKind ? new[] { 0.0, 0.8 } : [0.0]
        select new TheoryDataRow<string, bool, double>(kind, isQuantized, temperature))];

    public static TheoryData<string> Engines => [.. EngineKinds.All];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task SCH16_EngineKilled_EightStreamsEndWithTheirUndisturbedText(string kind, bool isQuantized, double temperature)
    {
        EngineProcesses.SkipUnlessKnown();
        Assert.SkipWhen(isQuantized && !BundledServer.HasModel, "This checkout has no bundled model.");
        using var model = new RecoveryModel(kind, isQuantized);
        await using var server = await model.StartAsync("--threads", "2", "--slots", $"{Streams}");
        using var client = new HttpClient { BaseAddress = server.Address };
        var undisturbed = await AllAsync(client, temperature, static _ => { });

        // What a trained model says to such prompts is not always another thing.
        Assert.InRange(undisturbed.Distinct().Count(), isQuantized ? 2 : Streams, Streams);

        var engines = new HashSet<int>();
        for (var round = 1; round <= 2; round++)
        {
            var engine = await EngineProcesses.NextAsync(server.ProcessId, engines);
            engines.Add(engine);
            var killAt = 30 * round;
            var received = 0;
            var texts = await AllAsync(client, temperature, _ =>
            {
                if (Interlocked.Increment(ref received) == killAt * Streams)
                {
                    EngineProcesses.Kill(engine);
                }
            });
            Assert.Equal(undisturbed, texts);
            await EngineProcesses.AssertGoneAsync(engine);
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task SCH14_EngineProcessHangs_EndedStartedAgainAndStreamsEndWithTheirUndisturbedText(string kind)
    {
        EngineProcesses.SkipUnlessKnown();
        var isExact = kind == EngineOptions.CpuKind;
        var temperature = isExact ? 0.8 : 0;
        using var model = new RecoveryModel(kind, isBundled: !isExact);
        await using var server = await model.StartAsync(
            new Dictionary<string, string> { ["Llava__Engine__StepTimeout"] = "00:00:03", ["LLAVA_LOG_LEVEL"] = "warning" }, "--threads", "2", "--slots", $"{Streams}");
        using var client = new HttpClient { BaseAddress = server.Address };
        var undisturbed = await AllAsync(client, temperature, static _ => { });
        var engine = await EngineProcesses.NextAsync(server.ProcessId, []);
        var received = 0;
        var texts = await AllAsync(client, temperature, _ =>
        {
            if (Interlocked.Increment(ref received) == 40 * Streams)
            {
                EngineProcesses.Stop(engine);
            }
        });
        Assert.Equal(undisturbed, texts);
        await EngineProcesses.AssertGoneAsync(engine);
        Assert.Contains("Engine:StepTimeout", server.Log, StringComparison.Ordinal);
        using var alive = await client.GetAsync(new Uri("livez", UriKind.Relative), TestContext.Current.CancellationToken);
        alive.EnsureSuccessStatusCode();
    }

    private static Task<string[]> AllAsync(HttpClient client, double temperature, Action<int> received) =>
        Task.WhenAll(Enumerable.Range(0, Streams).Select(stream => TextAsync(client, stream, temperature, received)));

    private static async Task<string> TextAsync(HttpClient client, int stream, double temperature, Action<int> received)
    {
        var token = TestContext.Current.CancellationToken;
        var request = new JsonObject
        {
            ["model"] = RecoveryModel.Name,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = $"Story {stream}" }),
            ["stream"] = true,
            ["max_tokens"] = Tokens,
            ["temperature"] = temperature,
            ["seed"] = 100 + stream,

            // A model of random weights ends its answer at any time.
            ["logit_bias"] = new JsonObject { ["2"] = -100 },
        };
        using var message = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(request) };
        using var answer = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, token);
        answer.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(token));
        var text = new StringBuilder();
        while (await reader.ReadLineAsync(token) is { } line)
        {
            if (line.StartsWith("data: {", StringComparison.Ordinal))
            {
                var chunk = JsonNode.Parse(line["data: ".Length..])!;
                Assert.True(chunk["error"] is null, line);
                text.Append(chunk["choices"]![0]!["delta"]?["content"]?.GetValue<string>());
                received(stream);
            }
            else if (line == "data: [DONE]")
            {
                return text.ToString();
            }
        }

        throw new InvalidOperationException($"Stream {stream} ends after {text.Length} characters.");
    }
}
