using System.CommandLine;
using System.Text.Json;

namespace LlavaServer.Cli.Client;

/// <summary><c>llava list</c>: the models that a server serves.</summary>
internal static class ListVerb
{
    public static Command Create()
    {
        var filter = new Argument<string?>("filter") { Description = "Only names that begin so.", Arity = ArgumentArity.ZeroOrOne };
        var command = ClientVerb.Create("list", "List the models of a server.", [filter, ClientVerb.Json], async (client, parsed, cancellationToken) =>
        {
            var begin = parsed.GetValue(filter) ?? "";
            var answer = await client.GetAsync("api/tags", cancellationToken);
            var models = answer.GetProperty("models").EnumerateArray()
                .Where(model => model.GetProperty("name").GetString()!.StartsWith(begin, StringComparison.OrdinalIgnoreCase)).ToList();
            if (parsed.GetValue(ClientVerb.Json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(models));
                return ExitCodes.Done;
            }

            TerminalText.WriteColumns(Console.Out, [["NAME", "ID", "SIZE", "CHANGED", "CAN"], .. models.Select(Row)]);
            return ExitCodes.Done;
        });
        command.Aliases.Add("ls");
        return command;
    }

    private static IReadOnlyList<string> Row(JsonElement model) =>
    [
        model.GetProperty("name").GetString()!,
        model.GetProperty("digest").GetString() is { Length: >= 12 } digest ? digest[..12] : "",
        TerminalText.Bytes(model.GetProperty("size").GetInt64()),
        TerminalText.Age(model.GetProperty("modified_at").GetDateTimeOffset(), TimeProvider.System.GetUtcNow()),
        string.Join(", ", model.GetProperty("capabilities").EnumerateArray().Select(static capability => capability.GetString())),
    ];
}
