using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama;

/// <summary>What tests of the dialect share: raw requests, and answers whose clock readings are taken out.</summary>
internal static partial class OllamaWire
{
    public static JsonFields Fields(string json) => new(JsonDocument.Parse(json).RootElement, "", ignoresCase: true);

    public static async Task<OllamaReply> PostAsync(this ScriptedServer server, string path, string json, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8) };
        request.Content.Headers.ContentType = null;
        using var response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return await OllamaReply.FromAsync(response);
    }

    public static async Task<OllamaReply> SendAsync(this ScriptedServer server, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        using var response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return await OllamaReply.FromAsync(response);
    }

    /// <summary>Asserts an answer with exactly one member, <c>error</c>.</summary>
    public static void AssertError(this OllamaReply reply, HttpStatusCode status, string error)
    {
        Assert.Equal((status, error), (reply.Status, reply.Error()));
        Assert.Equal("application/json; charset=utf-8", reply.ContentType);
    }

    public static string Base64(byte[] bytes) => Convert.ToBase64String(bytes);

    /// <summary>Times become 1, dates T.</summary>
    public static string WithoutTimes(string body) => Date().Replace(Duration().Replace(body, "\"$1\":1"), "\"$1\":\"T\"");

    [GeneratedRegex("\"(total_duration|load_duration|prompt_eval_duration|eval_duration)\":[1-9][0-9]*")]
    private static partial Regex Duration();

    [GeneratedRegex("\"(created_at)\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,18}Z\"")]
    private static partial Regex Date();
}
