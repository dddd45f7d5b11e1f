using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlavaServer.Inference;
using LlavaServer.Tests.EndToEnd;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Metrics;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Deployment;

/// <summary>P7: dashboard, alert rules and Prometheus' settings against what a server really exports, and promtool's opinion of them.</summary>
public sealed partial class MonitoringTests
{
    private const string Rules = "deploy/alerts/llava.yaml";
    private const string Dashboard = "deploy/dashboards/llava.json";

    // What Prometheus adds itself: labels of a target, bounds of buckets, and whether a scrape succeeded.
    private static readonly HashSet<string> s_ofPrometheus = ["job", "instance", "le", "up"];
    private static readonly HashSet<string> s_words = ["and", "or", "unless", "by", "without", "on", "ignoring", "offset", "bool"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task O55_QueriesOfDashboardAndAlerts_NameWhatIsExported()
    {
        var scrape = new PrometheusText(await ScrapeAsync(), isAlone: false);
        var names = scrape.Samples.Select(static sample => sample[..sample.IndexOf('{', StringComparison.Ordinal)]).ToHashSet();
        var queries = Queries().ToList();
        Assert.True(queries.Count > 30);
        foreach (var query in queries)
        {
            var (metrics, labels) = Read(query);
            Assert.NotEmpty(metrics);
            Assert.All(metrics, metric => Assert.True(names.Contains(metric) || s_ofPrometheus.Contains(metric), $"{metric} is not exported: {query}"));
            Assert.All(labels, label => Assert.True(scrape.Labels.Contains(label) || s_ofPrometheus.Contains(label), $"{label} is no label: {query}"));
        }
    }

    [Fact]
    public void Dashboard_Panels_HaveRowsOfTheContractAndDoNotOverlap()
    {
        var panels = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Top!, Dashboard)))!["panels"]!.AsArray();
        Assert.Equal(["Now", "People", "Pictures", "Engine", "Models", "Host"], panels.Where(static panel => (string)panel!["type"]! == "row").Select(static panel => (string)panel!["title"]!));
        Assert.Equal(panels.Count, panels.Select(static panel => (int)panel!["id"]!).Distinct().Count());
        var taken = new HashSet<(int X, int Y)>();
        foreach (var place in panels.Select(static panel => panel!["gridPos"]!))
        {
            for (var x = 0; x < (int)place["w"]!; x++)
            {
                for (var y = 0; y < (int)place["h"]!; y++)
                {
                    Assert.True(taken.Add(((int)place["x"]! + x, (int)place["y"]! + y)), $"two panels at {place}");
                }
            }
        }

        Assert.All(taken, static cell => Assert.InRange(cell.X, 0, 23));
    }

    [Fact]
    public async Task O52_CheckMetrics_FindsNothingInOurNames()
    {
        Tool.Need("promtool");
        var (_, output, errors) = await Tool.RunAsync(Repository.Top!, "promtool", ["check", "metrics"], await ScrapeAsync());
        var complaints = (Encoding.UTF8.GetString(output) + errors).Split('\n').Where(static line => line.StartsWith("llavaserver_", StringComparison.Ordinal) || line.StartsWith("gen_ai_", StringComparison.Ordinal));
        Assert.Empty(complaints);
        Assert.DoesNotContain("error while linting", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check", "rules", Rules)]
    [InlineData("check", "config", "deploy/prometheus.yml")]
    [InlineData("test", "rules", "tests/LlavaServer.Tests/Deployment/alerts.test.yaml")]
    public async Task P7_Promtool_Accepts(params string[] arguments)
    {
        Tool.Need("promtool");
        var (exitCode, output, errors) = await Tool.RunAsync(Repository.Top!, "promtool", arguments);
        Assert.True(exitCode == 0, Encoding.UTF8.GetString(output) + errors);
        Assert.Contains("SUCCESS", Encoding.UTF8.GetString(output), StringComparison.Ordinal);
    }

    /// <summary>Every alert has a case in which it fires and one in which it does not.</summary>
    [Fact]
    public void Alerts_HaveCases()
    {
        var cases = ComposeProject.List(ComposeProject.Load("tests/LlavaServer.Tests/Deployment/alerts.test.yaml"), "tests")
            .SelectMany(static test => ComposeProject.List((Dictionary<string, object>)test, "alert_rule_test")).Cast<Dictionary<string, object>>().ToList();
        foreach (var alert in Alerts())
        {
            var own = cases.Where(test => (string)test["alertname"] == (string)alert["alert"]).ToList();
            Assert.Contains(own, static test => test.ContainsKey("exp_alerts"));
            Assert.Contains(own, static test => !test.ContainsKey("exp_alerts"));
            Assert.True(ComposeProject.Map(alert, "annotations").ContainsKey("summary"));
        }
    }

    [Fact]
    public void Prometheus_Targets_AreServersOfTheComposeProject()
    {
        var config = ComposeProject.Load("deploy/prometheus.yml");
        var scrape = Assert.IsType<Dictionary<string, object>>(Assert.Single(ComposeProject.List(config, "scrape_configs")));
        var names = ComposeProject.Texts(Assert.IsType<Dictionary<string, object>>(Assert.Single(ComposeProject.List(scrape, "dns_sd_configs"))), "names");
        var project = new ComposeProject("docker-compose.yml", "deploy/compose.replicas.yml", "deploy/compose.monitoring.yml");
        foreach (var (name, service) in project.Services.Where(static service => ((string)service.Value["image"]).StartsWith("llava-server", StringComparison.Ordinal)))
        {
            var aliases = ComposeProject.Texts(ComposeProject.Map(service, "networks", "default"), "aliases");
            Assert.Contains(aliases.Append(name), names.Contains);
        }

        // The rules look for the job's name.
        Assert.Equal("llava", scrape["job_name"]);
    }

    /// <summary>A server to which everything that is counted has happened: a picture, a refused request, a failed one, a model that cannot be loaded.</summary>
    private static async Task<string> ScrapeAsync()
    {
        using var gate = new ManualResetEventSlim(true);
        var (failing, breaking) = (false, false);
        var script = new ScriptedEngineFactory
        {
            OnDecode = _ =>
            {
                gate.Wait(TimeSpan.FromSeconds(20));
                if (breaking)
                {
                    throw new InvalidOperationException("scripted");
                }
            },
            OnLoad = _ =>
            {
                if (failing)
                {
                    throw new InferenceException(InferenceError.EngineFailed, "no");
                }
            },
        };
        await using var server = await ScriptedServer.StartAsync(
            script, new Dictionary<string, string?> { ["Llava:Engine:Slots"] = "1", ["Llava:Queue:MaxQueue"] = "1", ["Llava:Limits:Choices"] = "1" });
        var picture = Convert.ToBase64String(TestPicture.RedCircle.Bytes);
        using (var seen = await OpenAIServer.PostAsync(server, $$$"""
            {"model":"eye","messages":[{"role":"user","content":[{"type":"text","text":"What?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{picture}}}"}}]}]}
            """))
        {
            Assert.Equal(HttpStatusCode.OK, seen.StatusCode);
        }

        gate.Reset();
        var crowd = Enumerable.Range(0, 4).Select(_ => OpenAIServer.PostAsync(server, OpenAIServer.Question())).ToList();
        while (!crowd.Exists(static request => request.IsCompleted))
        {
            await Task.Delay(10, Token);
        }

        gate.Set();
        var answers = await Task.WhenAll(crowd);
        Assert.Contains(answers, static answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
        breaking = true;
        using (var broken = await OpenAIServer.PostAsync(server, OpenAIServer.Question()))
        {
            Assert.False(broken.IsSuccessStatusCode);
        }

        failing = true;
        using (var failed = await OpenAIServer.PostAsync(server, OpenAIServer.Question(model: "blind")))
        {
            Assert.False(failed.IsSuccessStatusCode);
        }

        foreach (var answer in answers)
        {
            answer.Dispose();
        }

        // An engine that failed has left memory, and the figures of loaded models with it.
        breaking = failing = false;
        using (var again = await OpenAIServer.PostAsync(server, OpenAIServer.Question()))
        {
            Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        }

        return await server.Client.GetStringAsync("/metrics", Token);
    }

    private static IEnumerable<Dictionary<string, object>> Alerts() =>
        ComposeProject.List(ComposeProject.Load(Rules), "groups").SelectMany(static group => ComposeProject.List((Dictionary<string, object>)group, "rules")).Cast<Dictionary<string, object>>();

    private static IEnumerable<string> Queries()
    {
        var panels = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Top!, Dashboard)))!["panels"]!.AsArray();
        return panels.SelectMany(static panel => panel!["targets"]?.AsArray() ?? []).Select(static target => (string)target!["expr"]!)
            .Concat(Alerts().Select(static alert => (string)alert["expr"]));
    }

    /// <summary>Names of metrics and of labels in a PromQL expression. Enough of the language for our own queries.</summary>
    private static (List<string> Metrics, HashSet<string> Labels) Read(string query)
    {
        var labels = new HashSet<string>();
        var rest = Grouping().Replace(query, match =>
        {
            labels.UnionWith(match.Groups["names"].Value.Split(',', StringSplitOptions.TrimEntries));
            return " ";
        });
        rest = Matchers().Replace(rest, match =>
        {
            labels.UnionWith(Label().Matches(match.Value).Select(static label => label.Groups["name"].Value));
            return " ";
        });
        rest = Duration().Replace(rest, " ");
        return ([.. Word().Matches(rest).Select(static word => word.Value).Where(static word => !s_words.Contains(word))], labels);
    }

    [GeneratedRegex(@"\b(by|without|on|ignoring)\s*\((?<names>[^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Matchers();

    [GeneratedRegex(@"(?<name>\w+)\s*(=~|!~|!=|=)")]
    private static partial Regex Label();

    [GeneratedRegex(@"\[[^\]]*\]|\boffset\s+\d+[smhd]")]
    private static partial Regex Duration();

    // A name that is followed by a bracket is a function.
    [GeneratedRegex(@"\b[a-zA-Z_:][\w:]*\b(?!\s*\()")]
    private static partial Regex Word();
}
