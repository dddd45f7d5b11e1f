using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Endpoints.Ollama.Store;

/// <summary>What tests of <c>/api/create</c> share: uploads, and the lines of a creation.</summary>
internal static class Creating
{
    /// <summary>Uploads a file as a client does.</summary>
    /// <returns>Its digest.</returns>
    public static async Task<string> UploadAsync(this ScriptedServer server, byte[] content)
    {
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));
        using var body = new ByteArrayContent(content);
        using var response = await server.Client.PostAsync("/api/blobs/" + digest, body, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode);
        return digest;
    }

    /// <summary>Uploads files and returns the member <c>files</c>.</summary>
    public static async Task<JsonObject> UploadAsync(this ScriptedServer server, params (string Name, byte[] Content)[] files)
    {
        var member = new JsonObject();
        foreach (var (name, content) in files)
        {
            member[name] = await server.UploadAsync(content);
        }

        return member;
    }

    /// <summary>Creates, and returns the status of each line, repeated ones once.</summary>
    public static async Task<List<string>> CreateAsync(this ScriptedServer server, JsonObject request)
    {
        var reply = await server.PostAsync("/api/create", request.ToJsonString());
        Assert.Equal((HttpStatusCode.OK, "application/x-ndjson"), (reply.Status, reply.ContentType));
        var statuses = new List<string>();
        foreach (var line in reply.Lines)
        {
            var status = line.TryGetProperty("error", out var error) ? "error: " + error.GetString() : line.GetProperty("status").GetString()!;
            if (statuses.Count == 0 || statuses[^1] != status)
            {
                statuses.Add(status);
            }
        }

        return statuses;
    }
}
