using LlavaServer.Inference.Engines.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlavaServer.Tests.Hosting;

/// <summary>Makes engines in processes of the real program.</summary>
internal static class HostedEngine
{
    public static HostedEngineFactory Factory() => new(
        new EngineCommand("dotnet", [Path.Combine(AppContext.BaseDirectory, "llava.dll"), "engine"]),
        TimeProvider.System,
        NullLogger<HostedEngineFactory>.Instance);
}
