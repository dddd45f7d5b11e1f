using System.Runtime.InteropServices;
using LLama.Abstractions;
using LLama.Native;
using LlavaServer.Engine.LLamaSharp.Native;
using LlavaServer.Inference.Engines.Hosting;

namespace LlavaServer.Engine.LLamaSharp.Adapter;

/// <summary>
/// llama.cpp's libraries in this process: which were taken, and why not others. Loaded once, before anything else touches LLamaSharp; thread-safe.
/// </summary>
internal sealed class LLamaRuntime
{
    private static readonly Lazy<LLamaRuntime> s_instance = new(static () => new LLamaRuntime());

    private LLamaRuntime()
    {
        SetEnvironment("GGML_NO_BACKTRACE", "1");
        var folder = Path.Combine(AppContext.BaseDirectory, "runtimes", RuntimeFolder(), "native", "cuda12");
        WhyNoGpu = CudaRequirements.Missing(folder, CudaRequirements.CanLoad);
        NativeLibraryConfig.All
            .WithLogCallback(static (level, text) => NativeLog.Write((int)level, text))
            .WithSelectingPolicy(new Policy(WhyNoGpu is null));
        try
        {
            _ = NativeApi.llama_supports_gpu_offload();
            _ = MtmdLoaded();
        }
        catch (TypeInitializationException exception)
        {
            throw new DllNotFoundException(
                $"llama.cpp's libraries cannot be loaded ({Last(NativeLog.TakeError())}); Linux needs glibc 2.35 or newer and libgomp1", exception);
        }

        Modules = new NativeModules();
        NativeLog.Redirect(Modules);
        Functions = new LlamaFunctions(Modules);
        Gpus = Devices.Gpus(Modules);
        if (WhyNoGpu is null && Gpus.Count == 0)
        {
            WhyNoGpu = "the CUDA library found no graphics card that it can use; nvidia-smi shows what the driver sees";
        }

        Console.Error.WriteLine(EngineWords.Information + (Gpus.Count > 0
            ? $"llama.cpp on {string.Join(", ", Gpus.Select(static gpu => $"{gpu.Description} ({gpu.FreeBytes >> 20} of {gpu.TotalBytes >> 20} MiB free)"))}"
            : $"llama.cpp on the CPU: {WhyNoGpu}"));
    }

    /// <summary>Throws <see cref="DllNotFoundException"/> when no library can be loaded at all.</summary>
    public static LLamaRuntime Instance => s_instance.Value;

    /// <summary>Graphics cards that can be used; empty: the CPU computes.</summary>
    public IReadOnlyList<Device> Gpus { get; }

    /// <summary>Why no graphics card is used, and what to do about it; null when one is.</summary>
    public string? WhyNoGpu { get; }

    public NativeModules Modules { get; }

    public LlamaFunctions Functions { get; }

    private static bool MtmdLoaded() => MtmdContextParams.Default().Warmup;

    private static string Last(string error) => error.Length > 0 ? error : "the log has no reason";

    private static string RuntimeFolder() => OperatingSystem.IsWindows() ? "win-x64" : "linux-x64";

    // The runtime's own environment is a copy, which native code does not see.
    private static void SetEnvironment(string name, string value)
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = setenv(name, value, 1);
        }
    }

    [DllImport("libc", CharSet = CharSet.Ansi)]
    private static extern int setenv([MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);

    /// <summary>CUDA or nothing where it can work, else the CPU's own: LLamaSharp's policy would take the CPU without a word.</summary>
    private sealed class Policy(bool withCuda) : INativeLibrarySelectingPolicy
    {
        public IEnumerable<INativeLibrary> Apply(
            NativeLibraryConfig.Description description, SystemInfo systemInfo, NativeLogConfig.LLamaLogCallback? logCallback)
        {
            if (withCuda)
            {
                return [new NativeLibraryWithCuda(12, description.Library, description.AvxLevel, true)];
            }

            return Enumerable.Range(0, (int)description.AvxLevel + 1)
                .Select(level => (INativeLibrary)new NativeLibraryWithAvx(description.Library, (AvxLevel)level, true))
                .Reverse();
        }
    }
}
