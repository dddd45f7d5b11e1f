using System.Diagnostics;
using System.Text.Json;
using LlavaServer.Cli;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Engines.Hosting;

namespace LlavaServer.Serving;

/// <summary>llama.cpp through LLamaSharp, where the build has it (<c>-p:LLamaSharp=true</c>). Its libraries are never loaded into the server itself.</summary>
internal static class NativeEngine
{
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(60);

#if LLAMASHARP
    public static bool IsBuiltIn => true;

    /// <summary>For an engine process.</summary>
    public static IInferenceEngineFactory CreateFactory() => new Engine.LLamaSharp.Adapter.LLamaEngineFactory();

    /// <summary>What this process can compute on; loads the libraries.</summary>
    public static EngineDevices Look()
    {
        try
        {
            var (gpus, problem) = Engine.LLamaSharp.Adapter.LLamaEngineFactory.Look();
            return new EngineDevices([.. gpus.Select(static gpu => gpu.Description)], problem);
        }
        catch (DllNotFoundException exception)
        {
            return new EngineDevices([], exception.Message);
        }
    }
#else
    public static bool IsBuiltIn => false;

    private const string Absent = "this build has no llama.cpp; build it with -p:LLamaSharp=true, or use the image for GPU hosts";

    /// <summary>For an engine process.</summary>
    public static IInferenceEngineFactory CreateFactory() => throw new NotSupportedException(Absent);

    /// <summary>What this process can compute on.</summary>
    public static EngineDevices Look() => new([], Absent);
#endif

    /// <summary>How an engine process of this kind is started.</summary>
    public static EngineCommand Command => EngineCommand.ThisProgram(EngineVerb.Name, EngineVerb.KindOption, EngineOptions.LLamaSharpKind);

    /// <summary>What a process of its own finds, so that a driver that crashes takes nothing with it.</summary>
    public static EngineDevices LookFromAfar()
    {
        var command = EngineCommand.ThisProgram(DevicesVerb.Name);
        using var process = Process.Start(new ProcessStartInfo(command.FileName, command.Arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(LookLimit))
        {
            process.Kill();
            return new EngineDevices([], $"looking for a graphics card took more than {LookLimit.TotalSeconds:0} s");
        }

        try
        {
            return JsonSerializer.Deserialize(output.GetAwaiter().GetResult(), EngineDevicesJson.Default.EngineDevices)!;
        }
        catch (JsonException)
        {
            var lines = errors.GetAwaiter().GetResult().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            return new EngineDevices([], $"looking for a graphics card failed (exit code {process.ExitCode}): {lines.LastOrDefault()}");
        }
    }
}
