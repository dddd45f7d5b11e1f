using LlavaServer.Models.Store;

namespace LlavaServer.Models.Tests.Store;

/// <summary>
/// The process that the crash tests kill: uploads, creates, copies, deletes and cleans up in one store. It ends by itself only after its rounds, or with
/// code 3 when something happened that must not, whatever other processes do.
/// </summary>
internal static class StoreChild
{
    public const string Verb = "store-child";
    private const int Names = 6;
    private const int Contents = 8;

    /// <summary>Waits for a line of standard input, then works.</summary>
    public static int Run(string root, int seed, int rounds)
    {
        var random = new Random(seed);
        var store = new ModelStore(root);
        Console.WriteLine(KilledProcess.Ready);
        Console.ReadLine();
        try
        {
            for (var round = 0; round < rounds; round++)
            {
                Step(store, random);
            }

            return 0;
        }
        catch (Exception exception)
        {
            Console.Error.WriteLine(exception);
            return 3;
        }
    }

    /// <summary>One of the contents that all processes know: from 20 bytes to 300 KB, so that a kill meets half-written ones.</summary>
    public static byte[] Content(int index)
    {
        var bytes = new byte[20 + (index * index * 6000)];
        new Random(index).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A model that no process deletes, though it shares its blobs with those that are.</summary>
    public static ModelName Kept(int index) => Name($"kept{index}");

    public static ModelName Name(string text) => ModelName.TryParse(text, out var name) ? name : throw new ArgumentException(text, nameof(text));

    public static void Create(ModelStore store, ModelName name, int first, int second)
    {
        using (store.BeginAdding())
        {
            var model = store.Blobs.Add(Content(first), LayerTypes.Model);
            var projector = store.Blobs.Add(Content(second), LayerTypes.Projector);
            var config = store.Blobs.Add("{}"u8, LayerTypes.Config);
            store.Write(name, ModelManifest.Create(config, [model, projector]));
        }
    }

    private static void Step(ModelStore store, Random random)
    {
        var name = Name($"some{random.Next(Names)}");
        switch (random.Next(8))
        {
            case 0 or 1:
                Create(store, name, random.Next(Contents), random.Next(Contents));
                break;
            case 2 or 3:
                store.Copy(Kept(random.Next(2)), name);
                break;
            case 4:
                store.Copy(name, Name($"some{random.Next(Names)}"));
                break;
            case 5 or 6:
                store.Delete(name);
                break;
            default:
                store.Prune(DateTimeOffset.UtcNow + TimeSpan.FromHours(2));
                break;
        }
    }
}
