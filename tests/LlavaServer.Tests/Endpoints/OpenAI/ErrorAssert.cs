using System.Net;
using System.Text.Json;

namespace LlavaServer.Tests.Endpoints.OpenAI;

/// <summary>Checks refusals in the OpenAI dialect.</summary>
internal static class ErrorAssert
{
    /// <summary>Status, code and parameter, and the envelope with exactly its members; returns the message.</summary>
    public static async Task<string> IsAsync(HttpResponseMessage response, HttpStatusCode status, string code, string? parameter)
    {
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode}: {body}");
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        using var document = JsonDocument.Parse(body);
        var root = Assert.Single(document.RootElement.EnumerateObject());
        Assert.Equal("error", root.Name);
        Assert.Equal(["message", "type", "param", "code"], root.Value.EnumerateObject().Select(static member => member.Name).Take(4));
        Assert.Equal((code, parameter), (root.Value.GetProperty("code").GetString(), root.Value.GetProperty("param").GetString()));
        Assert.False(string.IsNullOrWhiteSpace(root.Value.GetProperty("type").GetString()));
        var message = root.Value.GetProperty("message").GetString()!;
        Assert.False(string.IsNullOrWhiteSpace(message));
        Assert.DoesNotContain("Exception", message, StringComparison.Ordinal);
        Assert.True(response.Headers.Contains("x-request-id"));
        return message;
    }
}
