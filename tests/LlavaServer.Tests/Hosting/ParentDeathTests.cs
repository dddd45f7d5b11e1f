using System.Diagnostics;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Hosting;

/// <summary>An engine process never outlives its server, whatever ends the server.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class ParentDeathTests
{
    public static TheoryData<string> Engines => [.. EngineKinds.All];

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task MEM10_ServerKilled_EngineProcessEndsAndNextStartCleansUp(string kind)
    {
        EngineProcesses.SkipUnlessKnown();
        using var model = new RecoveryModel(kind);
        await using (var server = await model.StartAsync("--threads", "1"))
        {
            var engine = await EngineProcesses.NextAsync(server.ProcessId, []);
            var folder = Assert.Single(model.EngineFolders);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, new DirectoryInfo(folder).UnixFileMode);
            EngineProcesses.Kill(server.ProcessId);
            await EngineProcesses.AssertGoneAsync(engine);
            Assert.Single(model.EngineFolders);
        }

        var left = Assert.Single(model.EngineFolders);
        await using var next = await model.StartAsync("--threads", "1");
        Assert.NotEqual(left, Assert.Single(model.EngineFolders));
        var second = await EngineProcesses.NextAsync(next.ProcessId, []);
        Assert.Equal(0, await next.TerminateAsync(TimeSpan.FromSeconds(60)));
        await EngineProcesses.AssertGoneAsync(second);
        Assert.Empty(model.EngineFolders);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task MEM10_Signals_ToTheEngineProcess_AreTheServersBusiness(string kind)
    {
        EngineProcesses.SkipUnlessKnown();
        using var model = new RecoveryModel(kind);
        await using var server = await model.StartAsync("--threads", "1");
        var engine = await EngineProcesses.NextAsync(server.ProcessId, []);
        using var kill = Process.Start("sh", ["-c", $"kill -INT {engine}; kill -TERM {engine}; kill -HUP {engine}"]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Task.Delay(500, TestContext.Current.CancellationToken);
        Assert.Equal([engine], EngineProcesses.Of(server.ProcessId));
    }
}
