using LlavaServer.Cli;
using LlavaServer.Health;
using LlavaServer.Tests.Endpoints.OpenAI;
using Microsoft.Extensions.DependencyInjection;

namespace LlavaServer.Tests.Cli;

public sealed class CommandLineTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private string Host => server.Server.Address.Authority;

    [Theory]
    [InlineData("--nonsense")]
    [InlineData("serve", "--threads")]
    [InlineData("dance")]
    [InlineData("health", "--host", "a b")]
    [InlineData("serve", "--model", "/no/such.gguf")]
    [InlineData("--threads", "many")]
    [InlineData("serve", "--slots", "0")]
    [InlineData("serve", "--ctx-size", "-1")]
    public async Task Run_WrongUsage_Exits2(params string[] args) => Assert.Equal(2, await CommandLine.RunAsync(args));

    [Fact]
    public async Task Version_Exits0() => Assert.Equal(0, await CommandLine.RunAsync(["version"]));

    [Fact]
    public async Task Health_ServerAlive_Exits0AndReadyOnlyWhenItIs()
    {
        Assert.Equal(0, await CommandLine.RunAsync(["health", "--host", Host]));
        Assert.Equal(1, await CommandLine.RunAsync(["health", "--host", Host, "--ready"]));
        server.Server.Services.GetRequiredService<Readiness>().Begin();
        Assert.Equal(0, await CommandLine.RunAsync(["health", "--host", Host, "--ready"]));
    }

    [Fact]
    public async Task Health_NoServer_Exits1() => Assert.Equal(1, await CommandLine.RunAsync(["health", "--host", "127.0.0.1:1"]));
}
