using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LlavaServer.Edge.Remote;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LlavaServer.Tests.Edge.Remote;

/// <summary>Pictures from the network through the real server, with names and connections of the test.</summary>
public sealed class RemoteImagesTests
{
    private const string Url = "http://pictures.test/a.png";
    private const string Parameter = "messages[0].content[0].image_url.url";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task S4_4_RemoteImages_OffByDefault_NothingIsLookedUp()
    {
        await using var host = new PictureHost();
        await using var server = await StartAsync(host, isOn: false);
        using var response = await AskAsync(server, Url);
        Assert.Contains("Images:AllowRemoteImages", await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "invalid_image_url", Parameter), StringComparison.Ordinal);
        Assert.Empty(host.Resolved);
        Assert.Empty(host.Dialled);
    }

    [Fact]
    public async Task IMG12_PublicHost_ServedFromTheCheckedAddressWithoutCredentials()
    {
        await using var host = new PictureHost();
        await using var server = await StartAsync(host);
        await SeenAsync(server, Url + "?x=1");
        Assert.Equal(["pictures.test"], host.Resolved);
        Assert.Equal([new IPEndPoint(IPAddress.Parse("93.184.216.34"), 80)], host.Dialled);
        var request = Assert.Single(host.Requests);
        Assert.StartsWith("GET /a.png?x=1 HTTP/1.1\r\n", request, StringComparison.Ordinal);
        var names = request.Split("\r\n")[1..].TakeWhile(static line => line.Length > 0).Select(static line => line.Split(':')[0]).Order();
        Assert.Equal(["Accept", "Host", "User-Agent"], names);
        Assert.Contains("Host: pictures.test\r\n", request, StringComparison.Ordinal);
    }

    [Fact]
    public async Task IMG12_SeveralPictures_FetchedTogetherAndInTheirPlaces()
    {
        await using var host = new PictureHost();
        using var both = new CountdownEvent(2);
        host.Answer = async (head, stream, token) =>
        {
            both.Signal();
            await Task.Run(() => both.Wait(token), token);
            await PictureHost.WriteAsync(stream, PictureHost.Picture(head.Contains("wide", StringComparison.Ordinal) ? TestPictures.Encode(20, 3) : TestPictures.Encode(4, 5)));
        };
        await using var server = await StartAsync(host);
        using var response = await OpenAIServer.PostAsync(server, OpenAIServer.Parts($"{Part("http://pictures.test/wide")},{Part("http://pictures.test/small")}"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(
            server.Script.LastPrompt.IndexOf("[20x3]", StringComparison.Ordinal) is >= 0 and var wide && wide < server.Script.LastPrompt.IndexOf("[4x5]", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.0.0.5")]
    [InlineData("169.254.169.254")]
    [InlineData("::1")]
    [InlineData("::ffff:192.168.1.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("93.184.216.34,10.0.0.5")]
    [InlineData("2606:4700::1111,::1")]
    public async Task IMG12_NameLeadsInside_RefusedAndNotDialled(string addresses)
    {
        await using var host = new PictureHost();
        host.Addresses = _ => addresses.Split(',');
        await using var server = await StartAsync(host);
        using var response = await AskAsync(server, Url);
        var message = await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "invalid_image_url", Parameter);
        Assert.DoesNotContain(addresses.Split(',')[^1], message, StringComparison.Ordinal);
        Assert.Empty(host.Dialled);
        Assert.Single(host.Resolved);
    }

    [Theory]
    [InlineData("http://127.0.0.1/a")]
    [InlineData("http://[::1]/a")]
    [InlineData("http://[::ffff:127.0.0.1]/a")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://2130706433/a")]
    [InlineData("http://user@pictures.test/a")]
    public async Task IMG12_AddressInsideInTheUrl_RefusedAndNotDialled(string url)
    {
        await using var host = new PictureHost();
        await using var server = await StartAsync(host);
        using var response = await AskAsync(server, url);
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "invalid_image_url", Parameter);
        Assert.Empty(host.Dialled);
        Assert.Empty(host.Resolved);
    }

    [Fact]
    public async Task IMG12_Rebinding_OneLookUpAHopAndItsAnswerIsDialled()
    {
        await using var host = new PictureHost();
        var lookUps = 0;
        host.Addresses = _ => ++lookUps == 1 ? ["93.184.216.34"] : ["127.0.0.1"];
        await using var server = await StartAsync(host);
        await SeenAsync(server, Url);
        Assert.Equal([IPAddress.Parse("93.184.216.34")], host.Dialled.Select(static address => address.Address));
        Assert.Equal(1, lookUps);

        // The next request, or hop, looks up again and is judged again.
        using var response = await AskAsync(server, Url);
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "invalid_image_url", Parameter);
        Assert.Single(host.Dialled);
    }

    [Theory]
    [InlineData("http://127.0.0.1/secret")]
    [InlineData("http://[::ffff:10.0.0.1]/secret")]
    [InlineData("http://inside.test/secret")]
    [InlineData("//inside.test/secret")]
    [InlineData("http://pictures.test:8080/a")]
    public async Task IMG12_RedirectInside_RefusedAndNotDialled(string location)
    {
        await using var host = new PictureHost();
        host.Addresses = static name => name == "inside.test" ? ["10.1.2.3"] : ["93.184.216.34"];
        host.Answer = (_, stream, _) => PictureHost.WriteAsync(stream, PictureHost.Status("302 Found", $"Location: {location}\r\n"));
        await using var server = await StartAsync(host);
        using var response = await AskAsync(server, Url);
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "invalid_image_url", Parameter);
        Assert.Single(host.Dialled);
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public async Task IMG12_Redirects_FollowedUpToTheSetting(int redirects, bool isServed)
    {
        await using var host = new PictureHost();
        host.Answer = (head, stream, _) =>
        {
            var hop = int.Parse(head.Split(' ')[1][1..].Replace("a.png", "0", StringComparison.Ordinal));
            return PictureHost.WriteAsync(
                stream, hop < redirects ? PictureHost.Status("307 Temporary Redirect", $"Location: /{hop + 1}\r\n") : PictureHost.Picture(PictureHost.TestPicture));
        };
        await using var server = await StartAsync(host);
        using var response = await AskAsync(server, Url);
        if (isServed)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(redirects + 1, host.Resolved.Count);
            return;
        }

        Assert.Contains(
            "Images:RemoteRedirects", await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "failed_to_download_image", Parameter), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")]
    public async Task IMG12_TooManyBytes_RefusedWithoutReadingOn(string head)
    {
        await using var host = new PictureHost();
        host.Answer = async (_, stream, token) =>
        {
            await PictureHost.WriteAsync(stream, Encoding.Latin1.GetBytes(head));
            while (true)
            {
                await stream.WriteAsync(new byte[1024], token);
            }
        };
        await using var server = await StartAsync(host, ("Limits:ImageBytes", "4096"));
        using var response = await AskAsync(server, Url);
        Assert.Contains("Limits:ImageBytes", await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "image_file_too_large", Parameter), StringComparison.Ordinal);
        await host.Closed.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
        Assert.Single(host.Requests);
    }

    [Theory]
    [InlineData("never answers")]
    [InlineData("drips its head")]
    [InlineData("drips its body")]
    public async Task IMG12_SlowServer_FailsByTheSetting(string kind)
    {
        await using var host = new PictureHost();
        host.Answer = async (request, stream, token) =>
        {
            var head = kind == "drips its head" ? "HTTP/1.1 200 OK\r\n" : kind == "drips its body" ? "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" : "";
            await PictureHost.WriteAsync(stream, Encoding.Latin1.GetBytes(head));
            if (kind == "never answers")
            {
                // Ends when the other side hangs up.
                _ = await stream.ReadAsync(new byte[1], token);
                return;
            }

            for (var i = 0; ; i++)
            {
                await Task.Delay(20, token);
                await PictureHost.WriteAsync(stream, Encoding.Latin1.GetBytes(kind == "drips its head" ? $"X-{i}: 1\r\n" : "x"));
            }
        };
        await using var server = await StartAsync(host, ("Images:RemoteTimeout", "400ms"));
        using var response = await AskAsync(server, Url);
        Assert.Contains(
            "Images:RemoteTimeout", await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "failed_to_download_image", Parameter), StringComparison.Ordinal);
        await host.Closed.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
        await server.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH1_IMG12_ClientLeavesDuringTheDownload_ConnectionEnds()
    {
        await using var host = new PictureHost();
        var asked = new TaskCompletionSource();
        host.Answer = async (head, stream, token) =>
        {
            asked.TrySetResult();
            _ = await stream.ReadAsync(new byte[1], token);
        };
        await using var server = await StartAsync(host, ("Images:RemoteTimeout", "10m"));
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        using var content = new StringContent(OpenAIServer.Parts(Part(Url)), Encoding.UTF8, "application/json");
        var request = server.Client.PostAsync("/v1/chat/completions", content, leaving.Token);
        await asked.Task.WaitAsync(Cancelled);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await host.Closed.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
        await server.AssertIdleAsync();
        Assert.Equal(0, server.Script.Loads);
    }

    [Theory]
    [InlineData("204 No Content", 1)]
    [InlineData("304 Not Modified", 1)]
    [InlineData("404 Not Found", 1)]
    [InlineData("500 Internal Server Error", 1)]
    [InlineData("503 Service Unavailable", 3)]
    [InlineData("302 Found", 1)]
    public async Task IMG12_OtherStatus_FailsWithItAndIsRepeatedOnlyWhereThatIsSafe(string status, int requests)
    {
        await using var host = new PictureHost();
        host.Answer = (_, stream, _) => PictureHost.WriteAsync(stream, PictureHost.Status(status));
        await using var server = await StartAsync(host);
        using var response = await AskAsync(server, Url);
        Assert.Contains(status[..3], await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "failed_to_download_image", Parameter), StringComparison.Ordinal);
        Assert.Equal(requests, host.Requests.Count);
    }

    [Fact]
    public async Task IMG12_ServerCutsItsFirstAnswer_SecondTryIsServed()
    {
        await using var host = new PictureHost();
        host.Answer = (_, stream, _) => PictureHost.WriteAsync(
            stream, host.Requests.Count == 1 ? PictureHost.Picture(PictureHost.TestPicture)[..^20] : PictureHost.Picture(PictureHost.TestPicture));
        await using var server = await StartAsync(host);
        await SeenAsync(server, Url);
        Assert.Equal(2, host.Requests.Count);
    }

    [Fact]
    public async Task IMG12_HeaderFlood_Fails()
    {
        await using var host = new PictureHost();
        host.Answer = (_, stream, _) => PictureHost.WriteAsync(
            stream, Encoding.Latin1.GetBytes("HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Range(0, 2000).Select(static i => $"X-{i}: {new string('y', 64)}\r\n")) + "\r\n"));
        await using var server = await StartAsync(host);
        using var response = await AskAsync(server, Url);
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "failed_to_download_image", Parameter);
    }

    [Theory]
    [InlineData("text/html", 200)]
    [InlineData("application/octet-stream", 200)]
    public async Task IMG12_ContentTypeIsIgnored_BytesDecide(string type, int status)
    {
        await using var host = new PictureHost();
        host.Answer = (_, stream, _) => PictureHost.WriteAsync(stream, PictureHost.Picture(PictureHost.TestPicture, type));
        await using var server = await StartAsync(host);
        using var response = await AskAsync(server, Url);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task IMG12_CompressedAnswer_IsNotInflated()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(new byte[1 << 20]);
        }

        await using var host = new PictureHost();
        host.Answer = (_, stream, _) => PictureHost.WriteAsync(stream, PictureHost.Picture(packed.ToArray(), "image/png\r\nContent-Encoding: gzip"));
        await using var server = await StartAsync(host, ("Limits:ImageBytes", "65536"));
        using var response = await AskAsync(server, Url);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.DoesNotContain("image_file_too_large", await response.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task IMG13_InsideUnknownAndBlockedNames_OneText()
    {
        await using var host = new PictureHost();
        host.Addresses = static name => name switch
        {
            "inside.test" => ["10.0.0.1"],
            "loop.test" => ["127.0.0.1"],
            _ => throw new SocketException((int)SocketError.HostNotFound),
        };
        await using var server = await StartAsync(host);
        var texts = new List<string>();
        foreach (var name in new[] { "inside.test", "loop.test", "unknown.test" })
        {
            using var response = await AskAsync(server, $"http://{name}/a");
            texts.Add(await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "invalid_image_url", Parameter));
        }

        Assert.Single(texts.Distinct());
        Assert.Empty(host.Dialled);
    }

    [Theory]
    [InlineData("http://pictures.test/a", true)]
    [InlineData("http://PICTURES.test./a", true)]
    [InlineData("http://a.example.org/a", true)]
    [InlineData("http://a.b.example.org/a", true)]
    [InlineData("http://example.org/a", false)]
    [InlineData("http://evilexample.org/a", false)]
    [InlineData("http://pictures.test.evil.test/a", false)]
    public async Task IMG12_AllowList_OnlyItsHosts(string url, bool isAllowed)
    {
        await using var host = new PictureHost();
        await using var server = await StartAsync(host, ("Images:RemoteHosts", "pictures.test, *.example.org"));
        using var response = await AskAsync(server, url);
        if (isAllowed)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            return;
        }

        Assert.Contains("Images:RemoteHosts", await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "invalid_image_url", Parameter), StringComparison.Ordinal);
        Assert.Empty(host.Resolved);
    }

    [Theory]
    [InlineData("http://pictures.test:22/a", "80,443", false)]
    [InlineData("http://pictures.test:8080/a", "80,443", false)]
    [InlineData("http://pictures.test:8080/a", "443, 8080", true)]
    [InlineData("http://pictures.test/a", "443,8080", false)]
    public async Task IMG12_Ports_OnlyThoseOfTheSetting(string url, string ports, bool isAllowed)
    {
        await using var host = new PictureHost();
        await using var server = await StartAsync(host, ("Images:RemotePorts", ports));
        using var response = await AskAsync(server, url);
        Assert.Equal(isAllowed ? HttpStatusCode.OK : HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(isAllowed ? 1 : 0, host.Dialled.Count);
    }

    [Fact]
    public async Task IMG12_EmptyAndNoPicture_AnswersOfAnyPicture()
    {
        await using var host = new PictureHost();
        await using var server = await StartAsync(host);
        host.Answer = static (_, stream, _) => PictureHost.WriteAsync(stream, PictureHost.Picture([]));
        using var empty = await AskAsync(server, Url);
        await ErrorAssert.IsAsync(empty, HttpStatusCode.BadRequest, "empty_image_file", Parameter);
        host.Answer = static (_, stream, _) => PictureHost.WriteAsync(stream, PictureHost.Picture("<html>no</html>"u8.ToArray()));
        using var page = await AskAsync(server, Url);
        Assert.Equal(HttpStatusCode.BadRequest, page.StatusCode);
        Assert.DoesNotContain("<html>", await page.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task IMG12_TextModel_RefusedBeforeAnythingIsFetched()
    {
        await using var host = new PictureHost();
        await using var server = await StartAsync(host);
        using var response = await OpenAIServer.PostAsync(server, OpenAIServer.Parts(Part(Url), "blind"));
        await ErrorAssert.IsAsync(response, HttpStatusCode.BadRequest, "image_input_not_supported", Parameter);
        Assert.Empty(host.Resolved);
    }

    private static Task<ScriptedServer> StartAsync(PictureHost host, params (string Key, string Value)[] settings) => StartAsync(host, true, settings);

    private static Task<ScriptedServer> StartAsync(PictureHost host, bool isOn, params (string Key, string Value)[] settings)
    {
        var all = settings.ToDictionary(static setting => "Llava:" + setting.Key, static setting => (string?)setting.Value);
        if (isOn)
        {
            all.Add("Llava:Images:AllowRemoteImages", "true");
        }

        return ScriptedServer.StartAsync(settings: all, replace: services => services.Replace(ServiceDescriptor.Singleton(host.Network)));
    }

    private static Task<HttpResponseMessage> AskAsync(ScriptedServer server, string url) => OpenAIServer.PostAsync(server, OpenAIServer.Parts(Part(url)));

    private static async Task SeenAsync(ScriptedServer server, string url)
    {
        using var response = await AskAsync(server, url);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Contains("[6x7]", server.Script.LastPrompt, StringComparison.Ordinal);
    }

    private static string Part(string url) => $$$"""{"type":"image_url","image_url":{"url":"{{{url}}}"}}""";
}
