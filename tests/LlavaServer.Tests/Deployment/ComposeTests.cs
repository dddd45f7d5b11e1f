using LlavaServer.Configuration;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Deployment;

/// <summary>P6 for Compose: every combination of files that a comment or the README names, laid together and checked.</summary>
public sealed class ComposeTests
{
    private const string Base = "docker-compose.yml";
    private const string OurImages = "llava-server:";

    private static readonly string[] s_overrides = ["gpu", "keys", "monitoring", "replicas"];

    /// <summary>Files with commas between.</summary>
    public static TheoryData<string> Projects =>
    [
        Base,
        .. s_overrides.Select(static name => $"{Base},deploy/compose.{name}.yml"),
        $"{Base},deploy/compose.gpu.yml,deploy/compose.keys.yml,deploy/compose.monitoring.yml",
        $"{Base},deploy/compose.keys.yml,deploy/compose.replicas.yml,deploy/compose.monitoring.yml",
    ];

    [Fact]
    public void P6_Overrides_AreAllThatThereAre() =>
        Assert.Equal(
            s_overrides.Select(static name => $"compose.{name}.yml"),
            Directory.GetFiles(Path.Combine(Repository.Top!, "deploy"), "compose.*").Select(static file => Path.GetFileName(file)!).Order());

    [Theory]
    [MemberData(nameof(Projects))]
    public void P6_Servers_HaveNoPrivilegesAndTimeToDrain(string files)
    {
        var drain = new ShutdownOptions().Delay + new ShutdownOptions().Grace + TimeSpan.FromSeconds(10);
        var servers = new ComposeProject(files.Split(',')).Services.Where(static service => IsOurs(service.Value)).ToList();
        Assert.True(servers.Count >= 2);
        foreach (var (_, server) in servers)
        {
            AssertConfined(server);
            Assert.Equal("1654:1654", server["user"]);
            Assert.Contains("/tmp", ComposeProject.Texts(server, "tmpfs"));
            Assert.True(SettingText.Duration((string)server["stop_grace_period"]) > drain, "it would be killed before its answers end");
            Assert.Equal("unless-stopped", server["restart"]);

            var target = (string)ComposeProject.Map(server, "build")["target"];
            var stage = ImageRecipe.OfRepository[target];
            Assert.Equal(OurImages + target, server["image"]);
            var check = ComposeProject.Map(server, "healthcheck");
            Assert.Equal(["CMD", "/app/llava", "health", "--ready"], ComposeProject.Texts(check, "test"));
            Assert.EndsWith("\"/app/llava\", \"health\", \"--ready\"]", stage.Only("HEALTHCHECK"), StringComparison.Ordinal);
            Assert.NotNull(SettingText.Duration((string)check["start_period"]));

            var mounted = ComposeProject.Texts(server, "volumes").Select(static volume => volume.Split(':')[1]).ToList();
            Assert.All(stage.Exec("VOLUME"), volume => Assert.Contains(volume, mounted));
            Assert.Contains(ComposeProject.Map(server, "environment")["LLAVA_MODELS"], mounted);
        }
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void P6_EnvironmentNames_AreSettings(string files)
    {
        var names = Settings.All.Select(static setting => setting.Environment).OfType<string>().ToHashSet();
        foreach (var (_, service) in new ComposeProject(files.Split(',')).Services.Where(static service => IsOurs(service.Value)))
        {
            Assert.All(ComposeProject.Map(service, "environment").Keys, name => Assert.Contains(name, names));
        }
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void O93_Ports_AreOnLoopbackAndDoNotCollide(string files)
    {
        var ports = new ComposeProject(files.Split(',')).Services.SelectMany(static service => ComposeProject.Texts(service.Value, "ports")).ToList();
        Assert.NotEmpty(ports);
        Assert.All(ports, static port => Assert.Matches(@"^127\.0\.0\.1:(\d+|\$\{GPU_PORT:-\d+\}):\d+$", port));
        Assert.Equal(ports.Count, ports.Select(static port => port[..port.LastIndexOf(':')]).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void P6_References_Resolve(string files)
    {
        var project = new ComposeProject(files.Split(','));
        foreach (var (_, service) in project.Services)
        {
            Assert.Matches(@"^[a-z/-]+:(cpu|cuda12|\$\{[A-Z]+_TAG:-v?\d+\.\d+\.\d+\})$", (string)service["image"]);
            foreach (var volume in ComposeProject.Texts(service, "volumes"))
            {
                var source = volume.Split(':')[0];
                if (source.StartsWith('.'))
                {
                    // Relative to the folder of the first file.
                    Assert.True(Path.Exists(Path.Combine(Repository.Top!, source)), source);
                    Assert.EndsWith(":ro", volume, StringComparison.Ordinal);
                }
                else
                {
                    Assert.Contains(source, project.Volumes);
                }
            }

            Assert.All(ComposeProject.Texts(service, "secrets"), secret => Assert.Contains(secret, project.Secrets));
            var needed = service.GetValueOrDefault("depends_on") is List<object> list ? list.Cast<string>() : ComposeProject.Map(service, "depends_on").Keys;
            Assert.All(needed, name => Assert.True(project.Services.ContainsKey(name), name));
        }
    }

    [Fact]
    public void P6_Base_StartsOneServerOnTheProcessor()
    {
        var services = new ComposeProject(Base).Services;
        Assert.Equal(["llava"], services.Where(static service => !service.Value.ContainsKey("profiles")).Select(static service => service.Key));
        Assert.Equal(["127.0.0.1:11434:11434"], ComposeProject.Texts(services["llava"], "ports"));
        Assert.Equal(["gpu"], ComposeProject.Texts(services["llava-gpu"], "profiles"));
    }

    [Theory]
    [InlineData(Base, "llava-gpu")]
    [InlineData(Base + ",deploy/compose.gpu.yml", "llava")]
    public void P6_Gpu_IsReservedForTheImageThatUsesIt(string files, string name)
    {
        var service = new ComposeProject(files.Split(',')).Services[name];
        Assert.Equal("llava-server:cuda12", service["image"]);
        var device = Assert.IsType<Dictionary<string, object>>(Assert.Single(ComposeProject.List(ComposeProject.Map(service, "deploy", "resources", "reservations"), "devices")));
        Assert.Equal(("nvidia", "all"), (device["driver"], device["count"]));
        Assert.Equal(["gpu"], ComposeProject.Texts(device, "capabilities"));
        Assert.Contains("cuda-cache:" + ImageRecipe.OfRepository["cuda12"].Environment["CUDA_CACHE_PATH"], ComposeProject.Texts(service, "volumes"));
    }

    [Fact]
    public void P6_Keys_AreAFileThatTheServerReads()
    {
        foreach (var name in (string[])["llava", "llava-gpu"])
        {
            var service = new ComposeProject(Base, "deploy/compose.keys.yml").Services[name];
            Assert.Equal("/run/secrets/" + Assert.Single(ComposeProject.Texts(service, "secrets")), ComposeProject.Map(service, "environment")["LLAVA_API_KEYS_FILE"]);
        }
    }

    [Fact]
    public void P6_Replicas_ShareTheStoreBehindOneProxy()
    {
        var project = new ComposeProject(Base, "deploy/compose.replicas.yml");
        var replicas = project.Services.Where(static service => IsOurs(service.Value) && !service.Value.ContainsKey("profiles")).ToDictionary();
        Assert.Equal(["llava", "llava-2", "llava-3"], replicas.Keys.Order());
        Assert.All(replicas.Values, static replica => Assert.Contains("models:/models", ComposeProject.Texts(replica, "volumes")));
        Assert.All(replicas.Values, static replica => Assert.Empty(ComposeProject.Texts(replica, "ports")));
        AssertConfined(project.Services["proxy"]);

        // nginx reaches each by a name of its own.
        var names = replicas.SelectMany(static replica => ComposeProject.Texts(ComposeProject.Map(replica.Value, "networks", "default"), "aliases").Append(replica.Key)).ToHashSet();
        var servers = File.ReadAllLines(Path.Combine(Repository.Top!, "deploy", "nginx", "llava.conf")).Select(static line => line.Trim())
            .Where(static line => line.StartsWith("server llava", StringComparison.Ordinal)).Select(static line => line.Split([' ', ':'])[1]).ToList();
        Assert.Equal(3, servers.Count);
        Assert.All(servers, server => Assert.Contains(server, names));
    }

    private static bool IsOurs(Dictionary<string, object> service) => ((string)service["image"]).StartsWith(OurImages, StringComparison.Ordinal);

    private static void AssertConfined(Dictionary<string, object> service)
    {
        Assert.Equal("true", service["read_only"]);
        Assert.Equal(["ALL"], ComposeProject.Texts(service, "cap_drop"));
        Assert.Equal(["no-new-privileges:true"], ComposeProject.Texts(service, "security_opt"));
        foreach (var name in (string[])["privileged", "cap_add", "devices", "network_mode", "pid", "ipc", "userns_mode", "group_add"])
        {
            Assert.False(service.ContainsKey(name), name);
        }
    }
}
