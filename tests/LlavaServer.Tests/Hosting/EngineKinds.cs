using LlavaServer.Inference.Engines;
using LlavaServer.Serving;

namespace LlavaServer.Tests.Hosting;

/// <summary>Engines of this build: what holds of engine processes is tested with each.</summary>
internal static class EngineKinds
{
    public static string[] All { get; } = NativeEngine.IsBuiltIn ? [EngineOptions.CpuKind, EngineOptions.LLamaSharpKind] : [EngineOptions.CpuKind];
}
