using System.Text.RegularExpressions;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Deployment;

/// <summary>What can be said about the image without building it.</summary>
public sealed partial class DockerfileTests
{
    private const string User = "1654";
    private static readonly string s_top = Repository.Top!;
    private static readonly string s_dockerfile = File.ReadAllText(Path.Combine(s_top, "Dockerfile"));

    [Fact]
    public void DEP2_Restore_HasEveryProjectAndLockFile()
    {
        var projects = Closure(Path.Combine(s_top, "src", "LlavaServer", "LlavaServer.csproj"));
        Assert.True(projects.Count >= 4);
        foreach (var project in projects)
        {
            var relative = Path.GetRelativePath(s_top, project).Replace('\\', '/');
            var folder = relative[..relative.LastIndexOf('/')];
            Assert.Contains($"COPY {relative} {folder}/packages.lock.json {folder}/\n", s_dockerfile, StringComparison.Ordinal);
        }

        Assert.Contains("--locked-mode", s_dockerfile, StringComparison.Ordinal);
    }

    [Fact]
    public void DEP2_CopiedFiles_Exist()
    {
        foreach (Match line in CopyLine().Matches(s_dockerfile))
        {
            var words = line.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.All(words[..^1], word => Assert.True(Path.Exists(Path.Combine(s_top, word)), word));
        }
    }

    [Fact]
    public void DEP2_Image_RunsAsItsOwnUserWithoutShellOrDiagnostics()
    {
        var stage = s_dockerfile[s_dockerfile.IndexOf(" AS cpu", StringComparison.Ordinal)..];
        Assert.Contains($"\nUSER {User}\n", stage, StringComparison.Ordinal);
        Assert.Contains("DOTNET_EnableDiagnostics=0", stage, StringComparison.Ordinal);
        Assert.Contains("CMD [\"/app/llava\", \"health\", \"--ready\"]", stage, StringComparison.Ordinal);
        Assert.Contains("ENTRYPOINT [\"/app/llava\"]", stage, StringComparison.Ordinal);
        Assert.DoesNotContain("\nRUN ", stage, StringComparison.Ordinal);
    }

    [Fact]
    public void DEP1_DEP2_Compose_PublishesOnLoopbackWithoutPrivileges()
    {
        var compose = File.ReadAllText(Path.Combine(s_top, "docker-compose.yml"));
        foreach (var line in (string[])["- \"127.0.0.1:11434:11434\"", "read_only: true", "- /tmp", "cap_drop:", "- ALL", "- \"no-new-privileges:true\""])
        {
            Assert.Contains(" " + line + "\n", compose, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("privileged", compose, StringComparison.Ordinal);
    }

    private static HashSet<string> Closure(string project)
    {
        var found = new HashSet<string> { project };
        var open = new Queue<string>(found);
        while (open.TryDequeue(out var current))
        {
            // A reference behind a condition belongs to other images.
            foreach (Match reference in Reference().Matches(File.ReadAllText(current)))
            {
                var target = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(current)!, reference.Groups[1].Value));
                if (found.Add(target))
                {
                    open.Enqueue(target);
                }
            }
        }

        return found;
    }

    [GeneratedRegex("<ProjectReference Include=\"([^\"]+)\" />")]
    private static partial Regex Reference();

    [GeneratedRegex("^COPY (?!--from)(.+)$", RegexOptions.Multiline)]
    private static partial Regex CopyLine();
}
