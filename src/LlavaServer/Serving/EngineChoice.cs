using LlavaServer.Engine.Cpu;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Engines.Hosting;
using Microsoft.Extensions.Options;

namespace LlavaServer.Serving;

/// <summary>Which engine computes, by <c>Engine:Kind</c> and by what the machine has. Decided once, at start.</summary>
internal sealed partial class EngineChoice
{
    private readonly Lazy<bool> _isNative;

    public EngineChoice(IOptions<InferenceOptions> options, ILogger<EngineChoice> logger) => _isNative = new Lazy<bool>(() => Decide(options.Value.Engine, logger));

    /// <summary>llama.cpp; else the managed engine.</summary>
    public bool IsNative => _isNative.Value;

    /// <summary>Of the chosen kind. llama.cpp always runs in processes of its own.</summary>
    public IInferenceEngineFactory CreateFactory(TimeProvider time, ILogger<HostedEngineFactory> logger) => IsNative
        ? new HostedEngineFactory(NativeEngine.Command, time, logger)
        : new PlacedEngineFactory(
            new CpuEngineFactory(), () => new HostedEngineFactory(EngineCommand.ThisProgram(Cli.EngineVerb.Name), time, logger));

    private static bool Decide(EngineOptions options, ILogger logger)
    {
        if (options.Kind == EngineOptions.LLamaSharpKind)
        {
            return true;
        }

        if (options.Kind == EngineOptions.AnyKind && NativeEngine.IsBuiltIn)
        {
            var devices = NativeEngine.LookFromAfar();
            if (devices.Gpus.Count > 0)
            {
                return true;
            }

            Log.NoGpu(logger, devices.Problem ?? "no graphics card");
        }

        if (options.KVCacheType != EngineOptions.HalfCache)
        {
            Log.CacheTypeUnused(logger, options.KVCacheType);
        }

        return false;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "The managed engine computes, on the processor: {Problem}")]
        public static partial void NoGpu(ILogger logger, string problem);

        [LoggerMessage(2, LogLevel.Warning, "Engine:KVCacheType is {Type}, but the managed engine keeps keys and values as f16.")]
        public static partial void CacheTypeUnused(ILogger logger, string type);
    }
}
