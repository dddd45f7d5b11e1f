using System.CommandLine;
using System.CommandLine.Parsing;
using LlavaServer.Configuration;

namespace LlavaServer.Cli.Client;

/// <summary>What verbs that ask a running server have in common: its address, a key, and how failures end.</summary>
internal static class ClientVerb
{
    public static Option<string?> Host { get; } = new("--host") { Description = "Address of the server.", HelpName = "address" };

    public static Option<string?> ApiKey { get; } = new("--api-key") { Description = "Key of the server; rather set LLAVA_API_KEY.", HelpName = "key" };

    public static Option<bool> Json { get; } = new("--json") { Description = "Write JSON." };

    /// <param name="name">The verb.</param>
    /// <param name="description">What it does.</param>
    /// <param name="symbols">Its own arguments and options.</param>
    /// <param name="action">Does it, and returns the exit code.</param>
    public static Command Create(string name, string description, IEnumerable<Symbol> symbols, Func<ServerClient, ParseResult, CancellationToken, Task<int>> action)
    {
        var command = new Command(name, description);
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Arguments.Add(argument);
            }
            else
            {
                command.Options.Add((Option)symbol);
            }
        }

        command.Options.Add(Host);
        command.Options.Add(ApiKey);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, action, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, Func<ServerClient, ParseResult, CancellationToken, Task<int>> action, CancellationToken cancellationToken)
    {
        try
        {
            var key = parsed.GetValue(ApiKey);
            if (key is not null)
            {
                await Console.Error.WriteLineAsync("A key on the command line is seen by everybody on this machine: set LLAVA_API_KEY.");
            }

            using var client = new ServerClient(Address(parsed.GetValue(Host)), key ?? Environment.GetEnvironmentVariable("LLAVA_API_KEY"));
            return await action(client, parsed, cancellationToken);
        }
        catch (VerbException failure)
        {
            await Console.Error.WriteLineAsync(TerminalText.Harmless(failure.Message));
            return failure.ExitCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            await Console.Error.WriteLineAsync("The connection to the server broke off.");
            return ExitCodes.Failed;
        }
    }

    private static Uri Address(string? given)
    {
        var text = given ?? ConfiguredHost();
        return ServerAddress.TryParse(text, out var address)
            ? address.ClientUri
            : throw new VerbException(ExitCodes.WrongUsage, "--host must be an address such as 127.0.0.1:11434.");
    }

    /// <summary>Where a server of this machine listens, by its settings.</summary>
    public static string ConfiguredHost() => Environment.GetEnvironmentVariable("LLAVA_HOST") is { Length: > 0 } own ? own
        : Environment.GetEnvironmentVariable("OLLAMA_HOST") is { Length: > 0 } ollama ? ollama
        : new ServerOptions().Host;
}
