using System.CommandLine;
using System.Text.Json;
using LlavaServer.Serving;

namespace LlavaServer.Cli;

/// <summary><c>llava devices</c>: what the native engine can compute on, as JSON; a process of its own, because looking loads its libraries.</summary>
internal static class DevicesVerb
{
    public const string Name = "devices";

    public static Command Create()
    {
        var command = new Command(Name, "Show what the native engine can compute on.") { Hidden = !NativeEngine.IsBuiltIn };
        command.SetAction(static _ =>
        {
            Console.WriteLine(JsonSerializer.Serialize(NativeEngine.Look(), EngineDevicesJson.Default.EngineDevices));
            return 0;
        });
        return command;
    }
}
