using System.Text;
using System.Text.Json;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Page;

/// <summary>
/// Runs the tests of the chat page, which are written for Node.js in <c>tests/web</c>: <c>unit</c> without a browser, <c>e2e</c> in Chromium against the real
/// host. Each file is one test here, and names those of its tests that failed. <c>LLAVA_WEB_FILES</c> runs only files whose names hold it,
/// <c>LLAVA_WEB_ONLY</c> only tests whose names match. Thread-safe.
/// </summary>
internal static class WebFiles
{
    private static readonly string? s_folder = Repository.Top is { } top ? Path.Combine(top, "tests", "web") : null;
    private static readonly Lazy<Task> s_installed = new(InstallAsync);

    public static string Folder => s_folder!;

    /// <summary>Skips the test where its programs are missing, unless it is a build server's, and installs its packages.</summary>
    /// <returns>The path of Chromium.</returns>
    public static async Task<string> ReadyAsync()
    {
        NeedOf("node", "npm");
        var chromium = Environment.GetEnvironmentVariable("LLAVA_TEST_CHROMIUM") ?? Browser.Find();
        Need(chromium is not null, "There is no Chromium on this machine (Debian: apt-get install chromium; or name one in LLAVA_TEST_CHROMIUM).");
        await s_installed.Value;
        return chromium!;
    }

    /// <summary>Runs the tests of a file with a browser and a server of their own.</summary>
    public static async Task RunInChromiumAsync(string file)
    {
        var chromium = await ReadyAsync();
        await using var host = new PageHost();
        await host.StartAsync();
        await using var control = await PageControl.StartAsync(host);
        await RunAsync(file, new Dictionary<string, string>
        {
            ["LLAVA_WEB_ADDRESS"] = host.Address.AbsoluteUri,
            ["LLAVA_WEB_CONTROL"] = control.Address.AbsoluteUri,
            ["LLAVA_TEST_CHROMIUM"] = chromium,
            ["LLAVA_WEB_PICTURES"] = TestPicture.Folder,
            ["LLAVA_WEB_OUTPUT"] = Path.Combine(AppContext.BaseDirectory, "web-output"),
        });
    }

    /// <summary>Runs the tests of a file and fails with what failed in it.</summary>
    public static async Task RunAsync(string file, IReadOnlyDictionary<string, string> environment)
    {
        List<string> arguments = ["--test", "--test-reporter", "./harness/reporter.mjs", "--test-reporter-destination", "stdout"];
        var only = Environment.GetEnvironmentVariable("LLAVA_WEB_ONLY") ?? "";
        if (only.Length > 0)
        {
            arguments.AddRange(["--test-name-pattern", only]);
        }

        var (exitCode, output, errors) = await Tool.RunAsync(s_folder!, "node", [.. arguments, file], environment: environment);
        var results = Encoding.UTF8.GetString(output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonSerializer.Deserialize<Result>(line, JsonSerializerOptions.Web)!).ToList();
        foreach (var result in results)
        {
            TestContext.Current.SendDiagnosticMessage($"{(result.Error is null ? "passed" : "FAILED")} {result.Milliseconds} ms {file}: {result.Name}");
        }

        var failures = results.Where(static result => result.Error is not null).Select(static result => $"{result.Name}\n{result.Error}").ToList();
        Assert.True(failures.Count == 0 && exitCode == 0, $"{failures.Count} of {results.Count} failed in {file}:\n\n{string.Join("\n\n", failures)}\n{errors}");
        Assert.True(results.Count > 0 || only.Length > 0, $"{file} has no tests.");
    }

    public static void NeedOf(params string[] programs)
    {
        Need(s_folder is not null, "The tests do not run inside their repository.");
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        foreach (var program in programs)
        {
            Need(folders.Any(folder => File.Exists(Path.Combine(folder, program))), $"{program} is not installed here.");
        }
    }

    /// <summary>What is missing on a developer's machine skips the test; a build server (<c>CI=true</c>) that lacks it would prove nothing, and fails.</summary>
    private static void Need(bool isThere, string reason)
    {
        if (Environment.GetEnvironmentVariable("CI") is "true" or "1")
        {
            Assert.True(isThere, reason + " A build server must have it.");
        }

        Assert.SkipUnless(isThere, reason);
    }

    private static async Task InstallAsync()
    {
        var installed = Path.Combine(s_folder!, "node_modules", ".package-lock.json");
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(Path.Combine(s_folder!, "package-lock.json")))
        {
            var (exitCode, _, errors) = await Tool.RunAsync(s_folder!, "npm", ["ci", "--no-audit", "--no-fund", "--prefer-offline"]);
            Need(exitCode == 0, $"npm ci failed: {errors}");
        }
    }

    /// <param name="folder">Of <c>tests/web</c>.</param>
    /// <param name="part">Which of the parts of the files, from 0.</param>
    /// <param name="parts">The files are dealt in turn.</param>
    public static TheoryData<string> FilesOf(string folder, int part = 0, int parts = 1)
    {
        var only = Environment.GetEnvironmentVariable("LLAVA_WEB_FILES") ?? "";
        var path = s_folder is null ? null : Path.Combine(s_folder, folder);
        return path is null || !Directory.Exists(path)
            ? []
            : [.. Directory.EnumerateFiles(path, "*.test.mjs").Select(file => $"{folder}/{Path.GetFileName(file)}").Order(StringComparer.Ordinal)
                .Where((_, index) => index % parts == part).Where(file => file.Contains(only, StringComparison.Ordinal))];
    }

    /// <summary>One line of the reporter.</summary>
    private sealed record Result(string Name, double Milliseconds, string? Error);
}
