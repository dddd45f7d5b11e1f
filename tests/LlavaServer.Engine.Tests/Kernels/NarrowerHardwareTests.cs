using System.Diagnostics;
using LlavaServer.Engine.Cpu.Kernels.Simd;

namespace LlavaServer.Engine.Tests.Kernels;

/// <summary>The kernel tests again in processes with instruction sets switched off, each asserting the width that it runs at.</summary>
public sealed class NarrowerHardwareTests
{
    private const string ExpectedWidth = "LLAVA_EXPECTED_SIMD_WIDTH";

    [Theory]
    [InlineData("DOTNET_EnableAVX512", 256)]
    [InlineData("DOTNET_EnableAVX2", 128)]
    [InlineData("DOTNET_EnableHWIntrinsic", 0)]
    public async Task Kernels_InstructionSetOff_PassAtThatWidth(string variable, int width)
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable(ExpectedWidth) is not null, "runs only in the parent process");
        Assert.SkipUnless(System.Runtime.Intrinsics.X86.X86Base.IsSupported || width == 0, "the switch is for x64");
        Assert.SkipUnless(SimdWidth.Bits > width, "the processor is no wider");
        string tests = Path.Combine(AppContext.BaseDirectory, "LlavaServer.Engine.Tests.dll");
        string[] namespaces = ["Kernels", "Language", "Vision.Kernels", "Vision.Resampling"];
        string[] arguments = [tests, .. namespaces.SelectMany(name => (string[])["-namespace", $"LlavaServer.Engine.Tests.{name}"])];
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[variable] = "0";
        start.Environment[ExpectedWidth] = width.ToString();
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output + await errors);
        Assert.Contains("Failed: 0", output);
    }

    [Fact]
    public void Bits_InChildProcess_AsExpected()
    {
        string? expected = Environment.GetEnvironmentVariable(ExpectedWidth);
        Assert.SkipWhen(expected is null, "runs only in a child process");
        Assert.Equal(int.Parse(expected), SimdWidth.Bits);
    }
}
