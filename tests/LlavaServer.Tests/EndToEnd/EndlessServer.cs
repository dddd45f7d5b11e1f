using LlavaServer.Models.Quantization;
using LlavaServer.TestModels;

namespace LlavaServer.Tests.EndToEnd;

/// <summary>
/// A server with one slot and a model of random weights whose greedy answer does not end before its context does. Whoever waits behind such an answer
/// waits for long, unless its client leaves and the slot becomes free.
/// </summary>
public sealed class EndlessServer : IAsyncLifetime
{
    public const string Model = "endless";

    private const int Context = 16_384;

    private static readonly LanguageShape Language = new(Model, 48, 256, 4, 1, 1_024, 512, Context);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("llava-endless-");
    private ServerProcess? server;

    public Uri Address => server!.Address;

    /// <summary>Starts another server with the same files, for tests that end it.</summary>
    /// <param name="environment">More environment variables for it.</param>
    internal Task<ServerProcess> StartAnotherAsync(IReadOnlyDictionary<string, string>? environment = null) => ServerProcess.StartAsync(
        environment ?? new Dictionary<string, string>(), "--model", Path.Combine(folder.FullName, "model.gguf"), "--mmproj", Path.Combine(folder.FullName, "mmproj.gguf"),
        "--name", Model, "--slots", "1", "--ctx-size", $"{Context}", "--threads", "1");

    public async ValueTask InitializeAsync()
    {
        RandomLanguageModel.Write(Path.Combine(folder.FullName, "model.gguf"), Language, QuantizationMix.Parse("Q8_0"));
        RandomVisionModel.Write(Path.Combine(folder.FullName, "mmproj.gguf"), VisionShape.Tiny256, QuantizationMix.Parse("F16"));
        server = await StartAnotherAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            await server.DisposeAsync();
        }

        folder.Delete(recursive: true);
    }
}
