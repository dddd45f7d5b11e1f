using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using LlavaServer.Engine.Cpu;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Engines.Hosting;
using LlavaServer.Serving;

namespace LlavaServer.Cli;

/// <summary><c>llava engine</c>: a process that the server starts for a model; nobody types it. It ends with its server.</summary>
internal static class EngineVerb
{
    public const string Name = "engine";
    public const string KindOption = "--kind";

    // A terminal or service manager sends them to the whole group, but the server still drains by this process.
    private static readonly PosixSignal[] s_ignored = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];

    public static Command Create()
    {
        var socket = new Option<string>("--socket") { Description = "Where the server listens.", Required = true, HelpName = "path" };
        var kind = new Option<string>(KindOption) { Description = "Which engine.", HelpName = "kind", DefaultValueFactory = static _ => EngineOptions.CpuKind };
        kind.AcceptOnlyFromAmong(NativeEngine.IsBuiltIn ? [EngineOptions.CpuKind, EngineOptions.LLamaSharpKind] : [EngineOptions.CpuKind]);
        var command = new Command(Name, "Run one model for a server that started this process.") { Hidden = true };
        command.Options.Add(socket);
        command.Options.Add(kind);
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(socket),
            parsed.GetRequiredValue(kind) == EngineOptions.LLamaSharpKind ? NativeEngine.CreateFactory() : new CpuEngineFactory()));
        return command;
    }

    private static int Run(string socketPath, IInferenceEngineFactory factory)
    {
        var signals = s_ignored.Select(signal => PosixSignalRegistration.Create(signal, static context => context.Cancel = true)).ToArray();
        try
        {
            // Killed and not exited: the engine may be in the middle of a step, and there is nothing to save.
            EngineHost.Run(factory, socketPath, static () => Process.GetCurrentProcess().Kill());
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
