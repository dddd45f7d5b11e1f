using System.ClientModel;
using System.Text;
using System.Text.Json;
using LlavaServer.Tests.EndToEnd;
using LlavaServer.Tests.Scripted;
using OpenAI;

namespace LlavaServer.Tests.Clients;

/// <summary>An engine that fails in the middle of a stream of a response: no client takes the piece it has for an answer.</summary>
public sealed class FailedStreamTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SCH10_EngineFailsMidStream_EveryNodeClientThrowsWithTheServersWords()
    {
        var folder = await NodePackages.FolderAsync("Clients");
        string[] clients = ["openai 6 responses", "openai 7 responses", "ai sdk responses", "langchain responses"];
        foreach (var client in clients)
        {
            await using var server = await FailingAsync();
            var (exitCode, output, errors) = await Tool.RunAsync(folder, "node", ["failed.mjs", server.Address.ToString(), "eye", client]);
            Assert.True(exitCode == 0, errors);
            var report = JsonElement.Parse(Encoding.UTF8.GetString(output).Split('\n').First(static line => line.StartsWith("{\"client\"", StringComparison.Ordinal)));
            Assert.InRange(report.GetProperty("pieces").GetInt32(), 1, 64);
            Assert.Contains("engine", report.GetProperty("thrown").GetString(), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task SCH10_EngineFailsMidStream_OpenAIForDotNetThrows()
    {
        await using var server = await FailingAsync();
        var openAI = new OpenAIClient(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(server.Address, "v1") });
        var pieces = 0;
        await Assert.ThrowsAnyAsync<Exception>(() => new ResponsesMatrixClient(openAI, "eye").StreamAsync(new ClientQuestion("Hello"), count => pieces = count, Token));
        Assert.InRange(pieces, 1, 64);
    }

    private static Task<ScriptedServer> FailingAsync()
    {
        var steps = 0;
        return ScriptedServer.StartAsync(new ScriptedEngineFactory
        {
            OnDecode = _ =>
            {
                if (++steps >= 6)
                {
                    throw new InvalidOperationException("scripted");
                }
            },
        });
    }
}
