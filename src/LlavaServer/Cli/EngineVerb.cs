using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using LlavaServer.Engine.Cpu;
using LlavaServer.Inference.Engines.Hosting;

namespace LlavaServer.Cli;

/// <summary><c>llava engine</c>: a process that the server starts for a model; nobody types it. It ends with its server.</summary>
internal static class EngineVerb
{
    public const string Name = "engine";

    // A terminal or service manager sends them to the whole group, but the server still drains by this process.
    private static readonly PosixSignal[] s_ignored = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];

    public static Command Create()
    {
        var socket = new Option<string>("--socket") { Description = "Where the server listens.", Required = true, HelpName = "path" };
        var command = new Command(Name, "Run one model for a server that started this process.") { Hidden = true };
        command.Options.Add(socket);
        command.SetAction(parsed => Run(parsed.GetRequiredValue(socket)));
        return command;
    }

    private static int Run(string socketPath)
    {
        var signals = s_ignored.Select(signal => PosixSignalRegistration.Create(signal, static context => context.Cancel = true)).ToArray();
        try
        {
            // Killed and not exited: the engine may be in the middle of a step, and there is nothing to save.
            EngineHost.Run(new CpuEngineFactory(), socketPath, static () => Process.GetCurrentProcess().Kill());
            return 0;
        }
        catch (IOException exception)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
        finally
        {
            foreach (var signal in signals)
            {
                signal.Dispose();
            }
        }
    }
}
