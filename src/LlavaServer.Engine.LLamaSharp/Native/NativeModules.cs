using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LlavaServer.Engine.LLamaSharp.Native;

/// <summary>The native libraries that this process has loaded for llama.cpp, and their exports. Immutable, any thread.</summary>
internal sealed class NativeModules
{
    // In the order in which an export is looked for.
    private static readonly string[] s_names = ["llama", "mtmd", "ggml-base", "ggml"];

    private readonly nint[] _handles;

    /// <summary>Finds the libraries among the process's modules. Throws <see cref="DllNotFoundException"/> for one that is not loaded.</summary>
    public NativeModules()
    {
        using var process = Process.GetCurrentProcess();
        var modules = process.Modules.Cast<ProcessModule>().Select(static module => module.FileName).ToArray();
        _handles = [.. s_names.Select(name => NativeLibrary.Load(
            Array.Find(modules, path => NameOf(path) == name) ?? throw new DllNotFoundException($"{name} is not loaded")))];
    }

    /// <summary>Address of an exported function. Throws <see cref="EntryPointNotFoundException"/>: the library is of another version.</summary>
    public nint Export(string name)
    {
        foreach (var handle in _handles)
        {
            if (NativeLibrary.TryGetExport(handle, name, out var address))
            {
                return address;
            }
        }

        throw new EntryPointNotFoundException($"{name}: llama.cpp's libraries are not of the version that this engine was built for");
    }

    private static string NameOf(string path)
    {
        var name = Path.GetFileName(path);
        name = name.StartsWith("lib", StringComparison.Ordinal) ? name[3..] : name;
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? name : name[..dot];
    }
}
