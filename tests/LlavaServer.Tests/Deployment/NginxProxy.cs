using System.Diagnostics;
using System.Text.RegularExpressions;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Deployment;

/// <summary>A real nginx with <c>deploy/nginx/llava.conf</c>, its addresses replaced by ones of loopback. One test owns it.</summary>
internal sealed partial class NginxProxy : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly Process _process;

    private NginxProxy(DirectoryInfo folder, Process process, Uri address)
    {
        _folder = folder;
        _process = process;
        Client = new HttpClient { BaseAddress = address };
    }

    /// <summary>A client of the proxy.</summary>
    public HttpClient Client { get; }

    /// <summary>Starts nginx before these servers and waits until it answers. Skips the test where nginx is not installed.</summary>
    public static async Task<NginxProxy> StartAsync(IReadOnlyList<Uri> servers, CancellationToken cancellationToken)
    {
        Tool.Need("nginx");
        var folder = Directory.CreateTempSubdirectory("llava-nginx-");
        var port = ServerProcess.FreePort();
        var names = 0;
        var site = Server().Replace(
            (await File.ReadAllTextAsync(Path.Combine(Repository.Top!, "deploy", "nginx", "llava.conf"), cancellationToken)).Replace("listen 11434;", $"listen 127.0.0.1:{port};", StringComparison.Ordinal),
            _ => $"server {servers[names++].Authority} ");
        Assert.Equal(servers.Count, names);
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "site.conf"), site, cancellationToken);
        var main = Path.Combine(folder.FullName, "nginx.conf");
        var temporary = string.Concat(((string[])["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]).Select(name => $"  {name}_temp_path {folder.FullName}/{name};\n"));
        await File.WriteAllTextAsync(
            main,
            $"daemon off;\npid {folder.FullName}/pid;\nerror_log stderr;\nworker_processes 1;\nevents {{}}\nhttp {{\n  access_log off;\n{temporary}  include {folder.FullName}/site.conf;\n}}\n",
            cancellationToken);
        var start = new ProcessStartInfo("nginx", ["-e", "stderr", "-p", folder.FullName, "-c", main]) { RedirectStandardError = true };
        var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var proxy = new NginxProxy(folder, process, new Uri($"http://127.0.0.1:{port}/"));
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(50, cancellationToken))
        {
            Assert.False(process.HasExited, process.HasExited ? await errors : "");
            Assert.True(watch.Elapsed < TimeSpan.FromMinutes(1), "nginx does not answer.");
            try
            {
                using var answer = await proxy.Client.GetAsync(new Uri("livez", UriKind.Relative), cancellationToken);
                return proxy;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    [GeneratedRegex(@"server llava-\d+:11434 ")]
    private static partial Regex Server();
}
