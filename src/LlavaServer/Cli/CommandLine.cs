using System.CommandLine;

namespace LlavaServer.Cli;

/// <summary>The command line: verbs and what they share. Without a verb the server runs.</summary>
internal static class CommandLine
{
    /// <summary>Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 server not reachable, 130 interrupted.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("LlavaServer: talk about pictures with your own machine.");
        ServeVerb.AddTo(root);
        root.Subcommands.Add(ServeVerb.Create());
        root.Subcommands.Add(HealthVerb.Create());
        root.Subcommands.Add(VersionVerb.Create());
        root.Subcommands.Add(EngineVerb.Create());

        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync(error.Message);
            }

            await Console.Error.WriteLineAsync("See llava --help.");
            return 2;
        }

        // The server handles signals itself: it drains.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }
}
