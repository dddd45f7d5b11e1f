using System.ClientModel;
using System.Net.Http.Headers;
using System.Text;
using LlavaServer.Tests.Scripted;
using OpenAI;
using OpenAI.Chat;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>A scripted server shared by the tests of a class, with the calls that they repeat.</summary>
public sealed class OpenAIServer : IAsyncLifetime
{
    private ScriptedServer? _server;

    internal ScriptedServer Server => _server!;

    internal ScriptedEngineFactory Script => Server.Script;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    internal ChatClient Chat(string model = "eye", string path = "v1") => ChatOf(Server, model, path);

    internal static ChatClient ChatOf(ScriptedServer server, string model = "eye", string path = "v1") =>
        new(model, new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(server.Address, path) });

    internal Task<HttpResponseMessage> PostAsync(string json, string path = "/v1/chat/completions") => PostAsync(Server, json, path);

    internal static Task<HttpResponseMessage> PostAsync(ScriptedServer server, string json, string path = "/v1/chat/completions")
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return server.Client.PostAsync(path, content, TestContext.Current.CancellationToken);
    }

    /// <summary>A request with one question, and whatever fields a test adds.</summary>
    internal static string Question(string fields = "", string model = "eye", string text = "What is it?") =>
        $$"""{"model":"{{model}}","messages":[{"role":"user","content":"{{text}}"}]{{(fields.Length > 0 ? "," + fields : "")}}}""";

    /// <summary>A request with one content array, and whatever fields a test adds.</summary>
    internal static string Parts(string parts, string model = "eye") =>
        $$"""{"model":"{{model}}","messages":[{"role":"user","content":[{{parts}}]}]}""";
}
