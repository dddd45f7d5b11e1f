using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Run;

/// <summary>Asks a server and reads its stream. Owned by one run of the verb.</summary>
internal sealed class ChatClient(ServerClient client)
{
    private const string Path = "v1/chat/completions";
    private const string DataPrefix = "data:";
    private const string Done = "[DONE]";

    /// <summary>The answer as it comes. Leaving the loop ends the request; errors are <see cref="VerbException"/>.</summary>
    public async IAsyncEnumerable<ChatEvent> AskAsync(JsonObject request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in client.TextLinesAsync(Path, request, cancellationToken))
        {
            if (!line.StartsWith(DataPrefix, StringComparison.Ordinal))
            {
                continue;
            }

            var data = line[DataPrefix.Length..].Trim();
            if (data == Done)
            {
                yield break;
            }

            yield return Read(JsonElement.Parse(data));
        }

        throw new VerbException(ExitCodes.Failed, "The connection to the server broke off before the answer ended.");
    }

    private static ChatEvent Read(JsonElement chunk)
    {
        if (chunk.TryGetProperty("error", out var error))
        {
            throw new VerbException(
                error.TryGetProperty("type", out var type) && type.GetString() == "invalid_request_error" ? ExitCodes.WrongUsage : ExitCodes.Failed,
                error.TryGetProperty("message", out var message) ? message.GetString()! : error.ToString());
        }

        var choices = chunk.GetProperty("choices");
        var choice = choices.GetArrayLength() > 0 ? choices[0] : default;
        return new ChatEvent(
            choice.ValueKind == JsonValueKind.Object && choice.GetProperty("delta").TryGetProperty("content", out var content) ? content.GetString() ?? "" : "",
            Member(chunk, "progress"),
            Member(chunk, "timings"));
    }

    private static JsonElement? Member(JsonElement chunk, string name) =>
        chunk.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : null;
}
