using System.Runtime.InteropServices;

namespace LlavaServer.Engine.LLamaSharp.Native;

/// <summary>What llama.cpp's CUDA 12 library needs from the machine, and how to get what is missing.</summary>
public static class CudaRequirements
{
    private const string Runtime = "install NVIDIA's CUDA 12 runtime and cuBLAS, or use an image that has them (nvidia/cuda:12.*-runtime)";

    private static readonly (string Linux, string Windows, string Advice)[] s_libraries =
    [
        ("libcuda.so.1", "nvcuda.dll", "install NVIDIA's driver (550 or newer), and in a container start it with --gpus all"),
        ("libcudart.so.12", "cudart64_12.dll", Runtime),
        ("libcublas.so.12", "cublas64_12.dll", Runtime),
    ];

    /// <summary>The first thing that is missing, with what to do about it; null when all are there.</summary>
    /// <param name="folder">Folder of the CUDA library itself.</param>
    /// <param name="canLoad">Whether the system finds a library by its name.</param>
    public static string? Missing(string folder, Func<string, bool> canLoad)
    {
        ArgumentNullException.ThrowIfNull(canLoad);
        if (!Directory.Exists(folder) || Directory.GetFiles(folder).Length == 0)
        {
            return $"{folder} has no CUDA library; restore LLamaSharp.Backend.Cuda12 for this system (Linux x64 or Windows x64)";
        }

        foreach (var (linux, windows, advice) in s_libraries)
        {
            var name = OperatingSystem.IsWindows() ? windows : linux;
            if (!canLoad(name))
            {
                return $"{name} cannot be loaded: {advice}";
            }
        }

        return null;
    }

    /// <summary>Whether the system finds and loads a library; it stays loaded, which its users do next.</summary>
    public static bool CanLoad(string name) => NativeLibrary.TryLoad(name, out _);
}
