using System.Text.Json;
using LlavaServer.Tests.Scripted;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>Pages of other sites, in a real browser, beside a server of this machine.</summary>
public sealed class BrowserTests
{
    /// <summary>Names that lead to this machine; the browser takes them for sites of their own.</summary>
    private const string Rules = "MAP *.example.org 127.0.0.1";

    /// <summary>Tries everything that a page can do without asking, then tells its own server how each ended.</summary>
    private const string Page = """
        <!doctype html><iframe name="frame"></iframe><script>
        const server = "SERVER", question = JSON.stringify({ model: "eye", messages: [{ role: "user", content: "x" }] });
        const results = {};
        async function attempt(name, call) { try { results[name] = await call(); } catch { results[name] = "blocked"; } }
        const read = async (path, options) => { const answer = await fetch(server + path, options); await answer.text(); return "read " + answer.status; };
        (async () => {
          await attempt("get", () => read("/v1/models"));
          await attempt("get tags", () => read("/api/tags"));
          await attempt("plain", () => read("/v1/chat/completions", { method: "POST", headers: { "Content-Type": "text/plain" }, body: question }));
          await attempt("preflight", () => read("/v1/chat/completions", { method: "POST", headers: { "Content-Type": "application/json" }, body: question }));
          await attempt("delete", () => read("/api/delete", { method: "DELETE", body: question }));
          await attempt("blind", async () => (await fetch(server + "/api/chat", { method: "POST", mode: "no-cors", body: question })).type);
          await attempt("image", () => new Promise((load, fail) => { const image = new Image(); image.onload = () => load("read"); image.onerror = fail; image.src = server + "/v1/models"; }));
          await attempt("script", () => new Promise((load, fail) => { const script = document.createElement("script"); script.onload = () => load("read"); script.onerror = fail; script.src = server + "/v1/models"; document.head.append(script); }));
          await attempt("form", () => new Promise(load => {
            const form = document.createElement("form"), field = document.createElement("input");
            form.method = "post"; form.action = server + "/v1/chat/completions"; form.enctype = "text/plain"; form.target = "frame";
            field.name = question.slice(0, -1) + ', "user": "'; field.value = '"}';
            form.append(field); document.body.append(form);
            document.querySelector("iframe").onload = () => load("sent"); form.submit();
          }));
          await fetch("/report", { method: "POST", body: JSON.stringify(results) });
        })();
        </script>
        """;

    [Fact]
    public async Task NET10_PageOfAnotherSite_ReadsNothingAndStartsNothing()
    {
        await using var server = await ScriptedServer.StartAsync();
        foreach (var site in (string[])["evil.example.org", "localhost.example.org"])
        {
            var results = await VisitAsync(server.Address.AbsoluteUri.TrimEnd('/'), site);
            foreach (var attempt in (string[])["get", "get tags", "plain", "preflight", "delete", "image", "script"])
            {
                Assert.Equal((attempt, "blocked"), (attempt, results[attempt]));
            }

            // A page may send what it cannot read the answer of; the server refused it.
            Assert.Equal(("opaque", "sent"), (results["blind"], results["form"]));
            Assert.Equal((0, 0), (server.Script.Loads, server.Script.Steps));
        }
    }

    [Fact]
    public async Task NET10_PageOfThisMachine_MayAsk()
    {
        await using var server = await ScriptedServer.StartAsync();
        var results = await VisitAsync(server.Address.AbsoluteUri.TrimEnd('/'), "localhost");
        foreach (var attempt in (string[])["get", "get tags", "plain", "preflight"])
        {
            Assert.Equal((attempt, "read 200"), (attempt, results[attempt]));
        }

        // Nothing of an answer can be taken for a picture or a script, whoever asks.
        Assert.Equal(("blocked", "blocked"), (results["image"], results["script"]));
        Assert.True(server.Script.Steps > 0);
    }

    [Fact]
    public async Task NET9_NameOfAnotherSiteThatLeadsHere_IsRefused()
    {
        await using var server = await ScriptedServer.StartAsync();

        // What a rebinding attack ends with: requests whose Host is the attacker's name.
        var rebound = new UriBuilder(server.Address) { Host = "rebound.example.org" }.Uri.AbsoluteUri.TrimEnd('/');
        var results = await VisitAsync(rebound, "evil.example.org");
        foreach (var attempt in (string[])["get", "get tags", "plain", "preflight", "delete"])
        {
            Assert.Equal((attempt, "blocked"), (attempt, results[attempt]));
        }

        Assert.Equal((0, 0), (server.Script.Loads, server.Script.Steps));
    }

    /// <summary>Opens the page as a site's own, and returns how each attempt ended.</summary>
    private static async Task<Dictionary<string, string>> VisitAsync(string server, string site)
    {
        var program = Browser.Find();
        Assert.SkipWhen(program is null, "There is no Chromium on this machine (Debian: apt-get install chromium).");
        var report = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = WebApplication.CreateSlimBuilder();
        await using var pages = builder.Build();
        pages.Urls.Add("http://127.0.0.1:0");
        pages.MapGet("/", () => Results.Content(Page.Replace("SERVER", server, StringComparison.Ordinal), "text/html"));
        pages.MapPost("/report", async (HttpRequest request) => report.TrySetResult(await new StreamReader(request.Body).ReadToEndAsync()));
        await pages.StartAsync(TestContext.Current.CancellationToken);
        var port = new Uri(pages.Urls.Single()).Port;
        using var browser = new Browser(program, new Uri($"http://{site}:{port}/"), Rules);
        var json = await report.Task.WaitAsync(TimeSpan.FromSeconds(90), TestContext.Current.CancellationToken);
        return JsonSerializer.Deserialize<Dictionary<string, string>>(json)!;
    }
}
