using System.CommandLine;
using LlavaServer.Cli.Bench;
using LlavaServer.Cli.Client;
using LlavaServer.Cli.Create;
using LlavaServer.Cli.Eval;
using LlavaServer.Cli.Run;

namespace LlavaServer.Cli;

/// <summary>The command line: verbs and what they share. Without a verb the server runs.</summary>
internal static class CommandLine
{
    /// <summary>Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 server not reachable, 4 model not found, 5 refused, 6 busy, 130 interrupted.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("LlavaServer: talk about pictures with your own machine.");
        ServeVerb.AddTo(root);
        root.Subcommands.Add(ServeVerb.Create());
        root.Subcommands.Add(RunVerb.Create());
        root.Subcommands.Add(ListVerb.Create());
        root.Subcommands.Add(PsVerb.Create());
        root.Subcommands.Add(ShowVerb.Create());
        root.Subcommands.Add(TransferVerbs.Pull());
        root.Subcommands.Add(TransferVerbs.Push());
        root.Subcommands.Add(CreateVerb.Create());
        root.Subcommands.Add(ModelVerbs.Copy());
        root.Subcommands.Add(ModelVerbs.Remove());
        root.Subcommands.Add(ModelVerbs.Stop());
        root.Subcommands.Add(BenchVerb.Create());
        root.Subcommands.Add(EvalVerb.Create());
        root.Subcommands.Add(HealthVerb.Create());
        root.Subcommands.Add(ConfigVerb.Create());
        root.Subcommands.Add(VersionVerb.Create());
        root.Subcommands.Add(EngineVerb.Create());
        root.Subcommands.Add(DevicesVerb.Create());

        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync(error.Message);
            }

            await Console.Error.WriteLineAsync("See llava --help.");
            return ExitCodes.WrongUsage;
        }

        // The server handles signals itself: it drains.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }
}
