using System.Diagnostics;
using System.Text;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Page;

/// <summary>The real program with its bundled model, and a browser, in a network namespace with the loopback interface alone.</summary>
[Collection(EndToEndGroup.Name)]
public sealed class LoopbackTests
{
    /// <summary>The server is waited for, the tests decide, and the server goes whatever they said.</summary>
    private const string Script =
        "ip link set lo up; \"$1\" \"$2\" serve --host 127.0.0.1:\"$3\" >/dev/null 2>&1 & server=$!; " +
        "for i in $(seq 300); do curl -sf -o /dev/null \"http://127.0.0.1:$3/readyz\" && break; sleep 0.2; done; " +
        "node --test --test-reporter ./harness/reporter.mjs --test-reporter-destination stdout alone/loopback.test.mjs; result=$?; kill $server; exit $result";

    [Fact]
    public async Task T26_OnlyLoopback_FirstVisitIsAnswered()
    {
        Tool.Need("unshare", "ip", "curl");
        Assert.SkipUnless(BundledServer.HasModel, "This build has no bundled model.");
        var chromium = await WebFiles.ReadyAsync();
        using (var probe = Process.Start(new ProcessStartInfo("unshare", ["-n", "true"]) { RedirectStandardError = true })!)
        {
            await probe.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.SkipWhen(probe.ExitCode != 0, "This user may not make a network namespace (unshare -n).");
        }

        var port = ServerProcess.FreePort();
        var environment = new Dictionary<string, string>
        {
            ["LLAVA_WEB_ADDRESS"] = $"http://127.0.0.1:{port}/",
            ["LLAVA_TEST_CHROMIUM"] = chromium,
            ["LLAVA_MODELS"] = Path.Combine(AppContext.BaseDirectory, "no-store"),
        };
        var (exitCode, output, errors) = await Tool.RunAsync(
            WebFiles.Folder, "unshare", ["-n", "sh", "-c", Script, "sh", "dotnet", Path.Combine(AppContext.BaseDirectory, "llava.dll"), $"{port}"], environment: environment);
        Assert.True(exitCode == 0, Encoding.UTF8.GetString(output) + errors);
        Assert.Contains("T26", Encoding.UTF8.GetString(output), StringComparison.Ordinal);
    }
}
