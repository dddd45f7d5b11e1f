using System.CommandLine;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using LlavaServer.Inference.Engines;
using LlavaServer.Serving;

namespace LlavaServer.Cli;

/// <summary><c>llava version</c>: what was built, what it runs on, and graphics cards where the native engine was built in.</summary>
internal static class VersionVerb
{
    public static Command Create()
    {
        var command = new Command("version", "Show version, engines and processor features.");
        command.SetAction(static _ =>
        {
            Console.WriteLine($"llava {ProductVersion.Short}{(ProductVersion.Commit.Length == 0 ? "" : $" ({ProductVersion.Commit})")}");
            Console.WriteLine($"runtime {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}");
            Console.WriteLine(NativeEngine.IsBuiltIn ? $"engines {EngineOptions.CpuKind} {EngineOptions.LLamaSharpKind}" : $"engines {EngineOptions.CpuKind}");
            if (NativeEngine.IsBuiltIn)
            {
                var devices = NativeEngine.LookFromAfar();
                Console.WriteLine($"devices {(devices.Gpus.Count > 0 ? string.Join(", ", devices.Gpus) : $"none: {devices.Problem}")}");
            }

            Console.WriteLine($"processor {Environment.ProcessorCount} cores, vectors of {VectorBits()} bits");
            return 0;
        });
        return command;
    }

    private static int VectorBits() =>
        Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : 64;
}
