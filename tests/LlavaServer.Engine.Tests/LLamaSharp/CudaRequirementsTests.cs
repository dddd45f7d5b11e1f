using LlavaServer.Engine.LLamaSharp.Native;

namespace LlavaServer.Engine.Tests.LLamaSharp;

public sealed class CudaRequirementsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-cuda-");

    [Fact]
    public void Missing_NoLibraryInThePackage_NamesThePackage() =>
        Assert.Contains("LLamaSharp.Backend.Cuda12", CudaRequirements.Missing(_folder.FullName, static _ => true), StringComparison.Ordinal);

    [Theory]
    [InlineData("libcuda", "nvcuda", "driver")]
    [InlineData("libcudart", "cudart64", "runtime")]
    [InlineData("libcublas", "cublas64", "cuBLAS")]
    public void Missing_LibraryOfTheSystem_NamesItAndHowToGetIt(string linux, string windows, string advice)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "libllama.so"), "");
        var missing = CudaRequirements.Missing(
            _folder.FullName,
            name => !name.StartsWith(linux + ".", StringComparison.Ordinal) && !name.StartsWith(windows, StringComparison.Ordinal));
        Assert.Contains(OperatingSystem.IsWindows() ? windows : linux, missing, StringComparison.Ordinal);
        Assert.Contains(advice, missing, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_AllThere_Null()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "libllama.so"), "");
        Assert.Null(CudaRequirements.Missing(_folder.FullName, static _ => true));
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
