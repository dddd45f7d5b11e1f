#if LLAMASHARP
using LlavaServer.Inference.Engines;

namespace LlavaServer.Tests.Hosting;

/// <summary>llama.cpp in a process of its own, under the contract of all engines; only in a build that has it.</summary>
public sealed class HostedLLamaContractTests : HostedEngineContractTests
{
    protected override float Tolerance => 2e-2f;

    protected override string Kind => EngineOptions.LLamaSharpKind;
}
#endif
