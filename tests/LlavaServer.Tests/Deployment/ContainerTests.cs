using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Deployment;

/// <summary>
/// P4: what the image's build stage publishes, under the conditions of a container: user 1654 without capabilities, read-only root, fresh /tmp, process 1.
/// Docker itself is not needed; root is, to make the namespaces.
/// </summary>
public sealed class ContainerTests : IDisposable
{
    private static readonly TimeSpan s_buildLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private static readonly ImageStage s_image = ImageRecipe.OfRepository["cpu"];
    private static readonly string s_script = Path.Combine(Repository.Top!, "tests", "LlavaServer.Tests", "Deployment", "container.sh");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-container-");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task P4_PublishedProgram_AsProcessOneWithoutPrivileges_ServesAndEnds()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "Namespaces and another user's rights need root on Linux.");
        Tool.Need("unshare", "nsenter", "setpriv", "chroot", "mount");
        await PublishAsync();

        var port = ServerProcess.FreePort();
        using var container = Process.Start(Start(
            port, "unshare", ["--mount", "--pid", "--fork", "--kill-child", "sh", s_script, _folder.FullName, .. s_image.Exec("ENTRYPOINT"), .. s_image.Exec("CMD")]))!;
        var log = container.StandardOutput.ReadToEndAsync(Token);
        var errors = container.StandardError.ReadToEndAsync(Token);
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
            await WaitUntilReadyAsync(client, container);
            var server = ProcessOne(container);

            var status = await File.ReadAllLinesAsync($"/proc/{server}/status", Token);
            Assert.Contains("Uid:\t1654\t1654\t1654\t1654", status);
            Assert.Contains("Gid:\t1654\t1654\t1654\t1654", status);
            Assert.Contains("CapEff:\t0000000000000000", status);
            Assert.Contains("CapBnd:\t0000000000000000", status);
            Assert.Contains("NoNewPrivs:\t1", status);
            Assert.EndsWith("\t1", Assert.Single(status, static line => line.StartsWith("NSpid:", StringComparison.Ordinal)), StringComparison.Ordinal);

            // The probe of HEALTHCHECK, and what may be written.
            var probe = s_image.Only("HEALTHCHECK");
            var words = JsonSerializer.Deserialize<string[]>(probe[probe.IndexOf('[', StringComparison.Ordinal)..])!;
            Assert.Equal((0, "ready"), await InsideAsync(server, port, words));
            Assert.Equal((0, "/app /etc /dev /"), await InsideAsync(
                server, port, "sh", "-c", "for f in /app /etc /dev /models /tmp /dev/shm /; do touch $f/probe 2>/dev/null && rm $f/probe || refused=\"${refused-}${refused+ }$f\"; done; echo $refused"));

            Assert.Matches(@"^The circle is \w+\.$", await AskAsync(client));
            using var metrics = await client.GetAsync("metrics", Token);
            Assert.Contains("commit=\"0123abc\"", await metrics.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);

            Assert.Equal(0, (await Tool.RunAsync("/", "kill", ["-TERM", $"{server}"])).ExitCode);
            await container.WaitForExitAsync(Token).WaitAsync(s_patience, Token);
            Assert.Equal(0, container.ExitCode);
            Assert.True((await log).Contains("\"@m\":\"Stopped\"", StringComparison.Ordinal), await errors);
        }
        finally
        {
            if (!container.HasExited)
            {
                container.Kill(entireProcessTree: true);
                await container.WaitForExitAsync(CancellationToken.None);
            }
        }
    }

    /// <summary>The COPY and RUN lines of the stages <c>source</c> and <c>build</c>, in a folder instead of an image.</summary>
    private async Task PublishAsync()
    {
        var source = Path.Combine(_folder.FullName, "source");
        foreach (var stage in (string[])["source", "build"])
        {
            foreach (var (word, text) in ImageRecipe.OfRepository[stage].Lines)
            {
                if (word == "COPY")
                {
                    Copy(text.Split(' '), source);
                }
                else if (word == "RUN")
                {
                    // The analyzers have judged the same sources already.
                    var command = text.Replace(" /app", $" {_folder.FullName}/app", StringComparison.Ordinal)
                        .Replace(" /writable", $" {_folder.FullName}/writable", StringComparison.Ordinal)
                        .Replace(" -c Release", " -c Release -p:RunAnalyzers=false", StringComparison.Ordinal);
                    var arch = RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant();
                    var (exitCode, output, errors) = await Tool.RunAsync(source, "env", [$"TARGETARCH={arch}", "REVISION=0123abc", "sh", "-c", command], limit: s_buildLimit);
                    Assert.True(exitCode == 0, $"{command}\n{Encoding.UTF8.GetString(output)}\n{errors}");
                }
            }
        }

        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_folder.FullName, "app"), "*.pdb", SearchOption.AllDirectories));
        var bytes = new DirectoryInfo(Path.Combine(_folder.FullName, "app")).EnumerateFiles("*", SearchOption.AllDirectories).Sum(static file => file.Length);
        Assert.InRange(bytes, 1 << 20, 60 << 20);
    }

    private static void Copy(string[] words, string source)
    {
        foreach (var from in words[..^1])
        {
            var path = Path.Combine(Repository.Top!, from);
            if (File.Exists(path))
            {
                var folder = Directory.CreateDirectory(Path.Combine(source, words[^1]));
                File.Copy(path, Path.Combine(folder.FullName, Path.GetFileName(path)), overwrite: true);
                continue;
            }

            foreach (var file in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories))
            {
                var relative = Path.GetRelativePath(path, file);
                if (!relative.Split(Path.DirectorySeparatorChar).Any(static part => part is "bin" or "obj"))
                {
                    var target = Path.Combine(source, words[^1], relative);
                    Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                    File.Copy(file, target, overwrite: true);
                }
            }
        }
    }

    /// <summary>A process that knows what the image's environment says, and nothing of this one's.</summary>
    private static ProcessStartInfo Start(int port, string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment.Clear();
        foreach (var (name, value) in s_image.Environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        start.Environment["DOTNET_ROOT"] = program == "nsenter" ? "/dotnet" : Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        start.Environment["LLAVA_HOST"] = $"http://0.0.0.0:{port}";
        start.Environment["LLAVA_SHUTDOWN_DELAY"] = "1s";

        // As the native engine of the other image always does.
        start.Environment["LLAVA_ENGINE_PROCESS"] = "child";
        return start;
    }

    private static async Task<(int ExitCode, string Output)> InsideAsync(int server, int port, params string[] command)
    {
        using var process = Process.Start(Start(
            port, "nsenter",
            ["--target", $"{server}", "--mount", "--pid", "--root", "--wd", "setpriv", "--reuid", "1654", "--regid", "1654", "--clear-groups", "--no-new-privs", .. command]))!;
        var errors = process.StandardError.ReadToEndAsync(Token);
        var output = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, (output + await errors).Trim());
    }

    private static int ProcessOne(Process container)
    {
        var children = File.ReadAllText($"/proc/{container.Id}/task/{container.Id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return int.Parse(Assert.Single(children), CultureInfo.InvariantCulture);
    }

    private static async Task WaitUntilReadyAsync(HttpClient client, Process container)
    {
        for (var watch = Stopwatch.StartNew(); !container.HasExited; await Task.Delay(100, Token))
        {
            Assert.True(watch.Elapsed < s_patience, "It does not become ready.");
            try
            {
                using var answer = await client.GetAsync(new Uri("readyz", UriKind.Relative), Token);
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
        }

        Assert.Fail($"It ended with exit code {container.ExitCode}.");
    }

    private static async Task<string> AskAsync(HttpClient client)
    {
        var picture = TestPicture.CircleAndSquare;
        var request = new JsonObject
        {
            ["model"] = BundledServer.Model,
            ["temperature"] = 0,
            ["messages"] = new JsonArray(new JsonObject
            {
                ["role"] = "user",
                ["content"] = new JsonArray(
                    new JsonObject { ["type"] = "text", ["text"] = "What color is the circle?" },
                    new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = $"data:{picture.MediaType};base64,{Convert.ToBase64String(picture.Bytes)}" } }),
            }),
        };
        using var answer = await client.PostAsJsonAsync("v1/chat/completions", request, Token);
        var body = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(answer.IsSuccessStatusCode, body);
        return (string)JsonNode.Parse(body)!["choices"]![0]!["message"]!["content"]!;
    }
}
