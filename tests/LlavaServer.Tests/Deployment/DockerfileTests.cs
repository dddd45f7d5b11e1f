using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Deployment;

/// <summary>P5: what can be said about the images without building them.</summary>
public sealed partial class DockerfileTests
{
    private static readonly string s_top = Repository.Top!;
    private static readonly ImageRecipe s_recipe = ImageRecipe.OfRepository;

    public static TheoryData<string> Images => ["cpu", "cuda12"];

    [Fact]
    public void P5_Stages_PlainBuildGivesTheOneWithoutNativeEngine() =>
        Assert.Equal(["source", "build", "build-cuda12", "dotnet", "cuda12", "cpu"], s_recipe.Stages.Select(static stage => stage.Name));

    [Fact]
    public void O92_Bases_ArePinnedByArguments()
    {
        var names = s_recipe.Stages.Select(static stage => stage.Name).ToHashSet();
        var bases = s_recipe.Stages.Where(stage => !names.Contains(stage.Base)).ToList();
        Assert.Equal(s_recipe.Arguments.Count, bases.Count);
        Assert.All(bases, stage => Assert.Matches(@"^[a-z0-9./]+:\d+\.\d+\.\d+-[a-z0-9.-]+$", s_recipe.BaseOf(stage)));

        var sdk = JsonElement.Parse(File.ReadAllText(Path.Combine(s_top, "global.json"))).GetProperty("sdk").GetProperty("version").GetString()!;
        Assert.True(Version.Parse(s_recipe.Arguments["DOTNET_SDK"].Split('-')[0]) >= Version.Parse(sdk), "global.json asks for a newer SDK");
        Assert.Equal(sdk.Split('.')[..2], s_recipe.Arguments["DOTNET_RUNTIME"].Split('.')[..2]);
        Assert.Matches(@"^12\..*-runtime-ubuntu24\.04$", s_recipe.Arguments["CUDA"]);
    }

    [Fact]
    public void DEP2_Restore_HasEveryProjectAndLockFile()
    {
        var copies = s_recipe["source"].All("COPY").ToList();
        var projects = Closure(Path.Combine(s_top, "src", "LlavaServer", "LlavaServer.csproj"));
        Assert.True(projects.Count >= 4);
        foreach (var project in projects)
        {
            var relative = Path.GetRelativePath(s_top, project).Replace('\\', '/');
            var folder = relative[..relative.LastIndexOf('/')];
            Assert.Contains($"{relative} {folder}/packages.lock.json {folder}/", copies);
        }

        Assert.Equal("dotnet restore src/LlavaServer --locked-mode", s_recipe["source"].Only("RUN"));
    }

    [Fact]
    public void P5_CopiedFiles_ExistAndAreAllThatTheBuilderSees()
    {
        var wanted = s_recipe.Stages.SelectMany(static stage => stage.All("COPY")).Where(static copy => !copy.StartsWith("--from", StringComparison.Ordinal))
            .SelectMany(static copy => copy.Split(' ')[..^1]).ToHashSet();
        Assert.All(wanted, path => Assert.True(Path.Exists(Path.Combine(s_top, path)), path));

        var ignore = File.ReadAllLines(Path.Combine(s_top, ".dockerignore")).Where(static line => line.Length > 0 && line[0] != '#').ToList();
        Assert.Equal("*", ignore[0]);
        Assert.Equal(wanted.Where(static path => !path.Contains('/', StringComparison.Ordinal)).Order(), ignore.Where(static line => line[0] == '!').Select(static line => line[1..]).Order());
        Assert.Contains("**/bin", ignore);
        Assert.Contains("**/obj", ignore);
    }

    [Fact]
    public void P5_CopiesBetweenStages_ComeFromEarlierOnes()
    {
        var earlier = new HashSet<string>();
        foreach (var stage in s_recipe.Stages)
        {
            Assert.All(stage.All("COPY").Where(static copy => copy.StartsWith("--from=", StringComparison.Ordinal)), copy => Assert.Contains(copy[7..copy.IndexOf(' ')], earlier));
            earlier.Add(stage.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void O90_Image_RunsAsItsOwnUserWithoutShell(string name)
    {
        var stage = s_recipe[name];
        Assert.Equal("1654:1654", stage.Only("USER"));
        Assert.Equal(["/app/llava"], stage.Exec("ENTRYPOINT"));
        Assert.Equal(["serve"], stage.Exec("CMD"));
        Assert.Equal("/app", stage.Only("WORKDIR"));
        Assert.Equal("11434", stage.Only("EXPOSE"));

        // What is installed is installed before the user changes, and nothing after.
        Assert.True(stage.Lines.FindLastIndex(static line => line.Word is "RUN" or "COPY") < stage.Lines.FindIndex(static line => line.Word == "USER"));

        var environment = stage.Environment;
        Assert.Equal("http://0.0.0.0:11434", environment["LLAVA_HOST"]);
        Assert.Equal("0", environment["DOTNET_EnableDiagnostics"]);
        var volumes = stage.Exec("VOLUME");
        Assert.Contains(environment["LLAVA_MODELS"], volumes);
        Assert.Contains(environment["HOME"], volumes);
        var build = s_recipe[name == "cpu" ? "build" : "build-cuda12"];
        Assert.Contains($"--from={build.Name} --chown=1654:1654 /writable /", stage.All("COPY"));
        Assert.All(volumes, volume => Assert.Contains($" /writable{volume}", build.All("RUN").Last(), StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void O91_HealthCheck_AsksTheProgramItself(string name)
    {
        var check = s_recipe[name].Only("HEALTHCHECK");
        Assert.Equal("--interval=10s --timeout=3s --start-period=60s CMD [\"/app/llava\", \"health\", \"--ready\"]", check);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void O92_Image_HasLabelsAndNoSecrets(string name)
    {
        var stage = s_recipe[name];
        foreach (var label in (string[])["title", "description", "version", "revision", "licenses"])
        {
            Assert.NotEqual("", stage.Labels["org.opencontainers.image." + label]);
        }

        var version = XDocument.Load(Path.Combine(s_top, "Directory.Build.props")).Descendants("Version").Single().Value;
        Assert.Contains($"VERSION={version}", stage.All("ARG"));
        Assert.All(
            s_recipe.Stages.SelectMany(static s => s.All("ARG").Concat(s.Environment.Keys)),
            static variable => Assert.DoesNotMatch("KEY|TOKEN|SECRET|PASSW", variable.ToUpperInvariant()));
    }

    [Fact]
    public void O92_Cuda_NeedsNoCardToStartAndKeepsWhatItCompiles()
    {
        var stage = s_recipe["cuda12"];
        var environment = stage.Environment;
        Assert.Equal(("all", "compute,utility", "1"), (environment["NVIDIA_VISIBLE_DEVICES"], environment["NVIDIA_DRIVER_CAPABILITIES"], environment["NVIDIA_DISABLE_REQUIRE"]));
        Assert.Contains(environment["CUDA_CACHE_PATH"], stage.Exec("VOLUME"));
        Assert.InRange(long.Parse(environment["CUDA_CACHE_MAXSIZE"]), 1L << 31, 1L << 32);
        Assert.Contains("libgomp1", stage.Only("RUN"), StringComparison.Ordinal);
        Assert.True(Version.Parse(stage.Labels["com.nvidia.driver.minimum"]) >= new Version(550, 0));
        Assert.Contains("--from=dotnet /usr/share/dotnet /usr/share/dotnet", stage.All("COPY"));
        Assert.Equal("/usr/share/dotnet", environment["DOTNET_ROOT"]);
    }

    /// <summary>The same sources and the same options, but for the switch and what only one of them can have.</summary>
    [Fact]
    public void P5_Publish_LeavesSymbolsOutAndNamesTheCommit()
    {
        var (plain, native) = (s_recipe["build"].All("RUN").Last(), s_recipe["build-cuda12"].All("RUN").Last());
        foreach (var command in (string[])[plain, native])
        {
            Assert.Matches("^dotnet publish src/LlavaServer -c Release .* --self-contained false -o /app ", command);
            Assert.Contains(" -p:DebugType=none ", command, StringComparison.Ordinal);
            Assert.Contains(" -p:SourceRevisionId=\"$REVISION\" ", command, StringComparison.Ordinal);
        }

        Assert.Contains(" -a \"$TARGETARCH\" ", plain, StringComparison.Ordinal);
        Assert.DoesNotContain("LLamaSharp", plain, StringComparison.Ordinal);
        Assert.Contains(" -r linux-x64 ", native, StringComparison.Ordinal);
        Assert.Contains(" -p:LLamaSharp=true ", native, StringComparison.Ordinal);
    }

    private static HashSet<string> Closure(string project)
    {
        var found = new HashSet<string> { project };
        var open = new Queue<string>(found);
        while (open.TryDequeue(out var current))
        {
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
}
