using System.Diagnostics;
using System.Net;
using System.Text;
using LlavaServer.Tests.Endpoints.OpenAI;

namespace LlavaServer.Tests.Endpoints.Reading;

/// <summary>JSON made to hurt, on the routes of both dialects.</summary>
public sealed class JsonBombTests(OpenAIServer server) : IClassFixture<OpenAIServer>
{
    private static readonly string[] s_routes = ["/v1/chat/completions", "/chat/completions", "/api/chat", "/api/generate"];

    private static readonly Dictionary<string, byte[]> s_bombs = new()
    {
        ["depth 129"] = Utf8("{\"model\":\"eye\",\"x\":" + new string('[', 128) + new string(']', 128) + "}"),
        ["4 MB of brackets"] = Utf8(new string('[', 4 << 20)),
        ["4 MB of braces"] = Utf8(string.Concat(Enumerable.Repeat("{\"a\":", 800_000))),
        ["lone high surrogate"] = Utf8("{\"model\":\"eye\",\"messages\":[{\"role\":\"user\",\"content\":\"\\ud83d\"}],\"prompt\":\"\\ud83d\"}"),
        ["lone low surrogate"] = Utf8("{\"model\":\"\\udc31eye\",\"messages\":[]}"),
        ["surrogates in the wrong order"] = Utf8("{\"model\":\"\\udc31\\ud83d\"}"),
        ["half a pair before an escape"] = Utf8("{\"model\":\"\\ud83d\\n\"}"),
        ["lone surrogate in a name"] = Utf8("{\"\\ud83d\":1,\"model\":\"eye\"}"),
        ["invalid UTF-8"] = [.. "{\"model\":\"eye"u8, 0xFF, 0xC0, .. "\"}"u8],
        ["overlong UTF-8"] = [.. "{\"model\":\"eye"u8, 0xC0, 0xAF, .. "\"}"u8],
        ["encoded surrogate"] = [.. "{\"model\":\"eye"u8, 0xED, 0xA0, 0x80, .. "\"}"u8],
        ["raw NUL"] = [.. "{\"model\":\"e"u8, 0, .. "ye\"}"u8],
        ["UTF-16"] = Encoding.Unicode.GetBytes("{\"model\":\"eye\"}"),
        ["huge name"] = Utf8("{\"" + new string('k', 2_000_000) + "\":1}"),
        ["two million values"] = Utf8("{\"x\":[" + string.Join(',', Enumerable.Repeat("0", 2_000_000)) + "]}"),
        ["NaN"] = Utf8("{\"model\":\"eye\",\"temperature\":NaN}"),
        ["hexadecimal"] = Utf8("{\"model\":\"eye\",\"temperature\":0x1}"),
        ["single quotes"] = Utf8("{'model':'eye'}"),
        ["nothing"] = [],
        ["blanks"] = Utf8("  \r\n "),
    };

    public static TheoryData<string> Names() => [.. s_bombs.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task NET13_Bomb_RefusedQuicklyOnEveryRoute(string name)
    {
        foreach (var route in s_routes)
        {
            using var content = new ByteArrayContent(s_bombs[name]);
            content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
            var watch = Stopwatch.StartNew();
            using var response = await server.Server.Client.PostAsync(route, content, TestContext.Current.CancellationToken);
            Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{route}: {response.StatusCode}");
            // A hundred times what it takes on an idle machine.
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"{route} took {watch.Elapsed}.");
        }
    }

    [Fact]
    public async Task LIM1_JsonDepth_AtTheLimitPassesOneMoreIsRefused()
    {
        using var response = await server.PostAsync(OpenAIServer.Question("\"metadata\":" + new string('[', 127) + new string(']', 127)));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var over = await server.PostAsync(OpenAIServer.Question("\"metadata\":" + new string('[', 128) + new string(']', 128)));
        await ErrorAssert.IsAsync(over, HttpStatusCode.BadRequest, "invalid_json", null);
    }

    [Fact]
    public async Task Post_ByteOrderMarkAndEscapedEmoji_AreRead()
    {
        using var response = await server.PostAsync("\uFEFF" + OpenAIServer.Question(text: "\\ud83d\\udc31 \\u00e9"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("\U0001F431 \u00e9", server.Script.LastPrompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NET13_MutatedRequests_OnlyAnswersAndRefusals()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        byte[][] seeds =
        [
            Utf8(OpenAIServer.Question("\"max_tokens\":3,\"temperature\":0.5,\"stop\":[\"a\"],\"logit_bias\":{\"5\":1},\"seed\":3")),
            Utf8(OpenAIServer.Parts("{\"type\":\"text\",\"text\":\"q\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"" + TestPictures.DataUrl() + "\",\"detail\":\"low\"}}")),
        ];
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < TimeSpan.FromSeconds(4))
        {
            var bytes = Mutate(seeds[random.Next(seeds.Length)], random);
            foreach (var route in (string[])["/v1/chat/completions", "/api/chat"])
            {
                using var content = new ByteArrayContent(bytes);
                using var response = await server.Server.Client.PostAsync(route, content, TestContext.Current.CancellationToken);
                Assert.True(
                    (int)response.StatusCode is >= 200 and < 500, $"seed {seed}, {route}: {(int)response.StatusCode} for {Encoding.UTF8.GetString(bytes)}");
            }
        }
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        string[] tokens = ["null", "-1", "1e309", "\"\\u0000\"", "[]", "{}", "true", "\"", "\\", ",", "]", "}", "{\"a\":", "99999999999999999999", "\u00ff"];
        var bytes = original.ToList();
        for (var edits = random.Next(1, 13); edits > 0; edits--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1 when bytes.Count > 20:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, Utf8(tokens[random.Next(tokens.Length)]));
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 30), bytes.Count - at)));
                    break;
            }
        }

        return [.. bytes];
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
