using LlavaServer.Models.Creation;
using LlavaServer.Models.Quantization;
using LlavaServer.Models.Store;
using LlavaServer.Models.Tests.Store;
using LlavaServer.TestModels;

namespace LlavaServer.Models.Tests.Creation;

/// <summary>The process that the crash test kills: creates models out of each other, out of files and out of a checkpoint, quantized and not, until its rounds are over.</summary>
internal static class CreationChild
{
    public const string Verb = "creation-child";
    private const int Names = 4;
    private static readonly string?[] s_recipes = [null, "Q8_0", "Q4_0", "Q4_K_M", "F16"];

    /// <summary>Puts a model and a checkpoint into the store, and a list of both beside it.</summary>
    public static IReadOnlyList<CreationFile[]> Upload(ModelStore store, string root)
    {
        var folder = Directory.CreateTempSubdirectory("llava-files-");
        try
        {
            RandomLanguageModel.Write(Path.Combine(folder.FullName, "model.gguf"), LanguageShape.Tiny, QuantizationMix.Parse("F32"));
            new TinyCheckpoint { Sharded = true }.Write(Path.Combine(folder.FullName, "checkpoint"));
            CreationFile Add(string path) => new(Path.GetFileName(path), store.Blobs.Add(File.ReadAllBytes(path), "").Digest);
            CreationFile[][] files = [[Add(Path.Combine(folder.FullName, "model.gguf"))], [.. Directory.GetFiles(Path.Combine(folder.FullName, "checkpoint")).Select(Add)]];
            File.WriteAllLines(ListIn(root), files.Select(static group => string.Join(' ', group.Select(static file => $"{file.Name}={file.Digest}"))));
            return files;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Waits for a line of standard input, then works.</summary>
    public static async Task<int> RunAsync(string root, int seed, int rounds)
    {
        var random = new Random(seed);
        var store = new ModelStore(root);
        var files = File.ReadAllLines(ListIn(root)).Select(static line => line.Split(' ').Select(static file => file.Split('='))
            .Select(static parts => new CreationFile(parts[0], Digest.TryParse(parts[1], out var digest) ? digest : default)).ToArray()).ToList();
        var creator = new ModelCreator(store, static _ => null, TimeProvider.System);
        Console.WriteLine(KilledProcess.Ready);
        Console.ReadLine();
        try
        {
            for (var round = 0; round < rounds; round++)
            {
                await StepAsync(creator, store, files, random);
            }

            return 0;
        }
        catch (Exception exception)
        {
            Console.Error.WriteLine(exception);
            return 3;
        }
    }

    private static string ListIn(string root) => Path.Combine(root, "uploads.txt");

    private static async Task StepAsync(ModelCreator creator, ModelStore store, List<CreationFile[]> files, Random random)
    {
        var name = StoreChild.Name($"some{random.Next(Names)}");
        if (random.Next(6) == 0)
        {
            store.Delete(name);
            return;
        }

        var request = new CreationRequest { Name = name, System = $"system {random.Next(3)}", Quantization = s_recipes[random.Next(s_recipes.Length)] };
        request = random.Next(3) == 0 && store.Find(StoreChild.Name("kept")) is { } kept ? request with { Base = kept } : request with { Files = files[random.Next(files.Count)] };
        await creator.CreateAsync(request, static _ => ValueTask.CompletedTask, CancellationToken.None);
    }
}
