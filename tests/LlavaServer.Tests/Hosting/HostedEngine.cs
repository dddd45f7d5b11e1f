using LlavaServer.Cli;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Engines.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlavaServer.Tests.Hosting;

/// <summary>Makes engines in processes of the real program.</summary>
internal static class HostedEngine
{
    public static HostedEngineFactory Factory(string kind = EngineOptions.CpuKind) => new(
        new EngineCommand("dotnet", [Path.Combine(AppContext.BaseDirectory, "llava.dll"), EngineVerb.Name, EngineVerb.KindOption, kind]),
        TimeProvider.System,
        NullLogger<HostedEngineFactory>.Instance);
}
