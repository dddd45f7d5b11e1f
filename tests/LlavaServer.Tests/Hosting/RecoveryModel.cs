using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Hosting;

/// <summary>A model of random weights, or the bundled one, for servers whose engines are killed, and a folder for what they leave.</summary>
internal sealed class RecoveryModel : IDisposable
{
    public const string Name = "random";
    private static readonly LanguageShape Language = new(Name, 4, 256, 4, 2, 512, 512);
    private static readonly string s_bundled = Path.Combine(AppContext.BaseDirectory, "BundledModel", "llava-mini.gguf");
    private readonly string _engine;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-recovery-");

    /// <param name="engine">The servers' engine.</param>
    /// <param name="isBundled">The bundled model in Q4_0 instead, quantized here.</param>
    public RecoveryModel(string engine, bool isBundled = false)
    {
        _engine = engine;
        Temporary = _folder.CreateSubdirectory("t").FullName;
        if (isBundled)
        {
            GgufQuantizer.Quantize(s_bundled, Path.Combine(_folder.FullName, "model.gguf"), QuantizationMix.Parse("Q4_0"));
            File.Copy(s_bundled.Replace(".gguf", "-mmproj.gguf", StringComparison.Ordinal), Path.Combine(_folder.FullName, "mmproj.gguf"));
            return;
        }

        RandomLanguageModel.Write(Path.Combine(_folder.FullName, "model.gguf"), Language, QuantizationMix.Parse("F32"));
        RandomVisionModel.Write(Path.Combine(_folder.FullName, "mmproj.gguf"), VisionShape.Tiny256, QuantizationMix.Parse("F16"));
    }

    /// <summary>Where its servers have their sockets.</summary>
    public string Temporary { get; }

    public string[] EngineFolders => Directory.GetDirectories(Temporary, "llava-engine-*");

    /// <summary>Starts a server with an engine process, which is tried again a second after its circuit opened.</summary>
    public Task<ServerProcess> StartAsync(params string[] arguments) => StartAsync(new Dictionary<string, string>(), arguments);

    /// <summary>As the other, with more environment variables.</summary>
    public Task<ServerProcess> StartAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments) => ServerProcess.StartAsync(
        new Dictionary<string, string>(environment) { ["TMPDIR"] = Temporary, ["Llava__Pool__BreakTime"] = "00:00:01", ["LLAVA_ENGINE_PROCESSES"] = $"{Name}=child", ["LLAVA_ENGINE"] = _engine },
        [
            "--model", Path.Combine(_folder.FullName, "model.gguf"), "--mmproj", Path.Combine(_folder.FullName, "mmproj.gguf"),
            "--name", Name, .. arguments,
        ]);

    public void Dispose() => _folder.Delete(recursive: true);
}
