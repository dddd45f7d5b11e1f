using System.Diagnostics;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>A Chromium without a window that opens one page. Owned by one test.</summary>
internal sealed class Browser : IDisposable
{
    private static readonly string[] s_names = ["chromium", "chromium-browser", "google-chrome"];
    private readonly DirectoryInfo _profile = Directory.CreateTempSubdirectory("llava-browser-");
    private readonly Process _process;

    /// <param name="program">From <see cref="Find"/>.</param>
    /// <param name="page">To open.</param>
    /// <param name="resolverRules">Names that stand for this machine, as Chromium's <c>--host-resolver-rules</c>.</param>
    public Browser(string program, Uri page, string resolverRules)
    {
        // The debugging port keeps it open after the page has loaded.
        string[] arguments =
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-port=0", $"--user-data-dir={_profile.FullName}", $"--host-resolver-rules={resolverRules}",
            page.AbsoluteUri,
        ];
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The program's path, or null when there is none on this machine.</summary>
    public static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(static folder => s_names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit(TimeSpan.FromSeconds(20));
        _process.Dispose();
        try
        {
            _profile.Delete(recursive: true);
        }
        catch (IOException)
        {
            // A child that ends late still writes there; the folder is temporary.
        }
    }
}
