using System.Net;
using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;
using LlavaServer.Models.Tests.Store;

namespace LlavaServer.Models.Tests.Registry;

/// <summary>A store, a network and a puller with small parts, and what a pull reported. Owned by one test.</summary>
internal sealed class PullBench : IDisposable
{
    private readonly RegistryNetwork _network;

    /// <param name="isPublic">Which addresses count as public; null is none.</param>
    /// <param name="root">Of the store; null is a new one.</param>
    /// <param name="proxy">Dials every host in our place; null is nobody.</param>
    public PullBench(Func<IPAddress, bool>? isPublic = null, string? root = null, IWebProxy? proxy = null)
    {
        _network = new RegistryNetwork(isPublic ?? (static _ => false), proxy);
        Store = root is null ? Temporary.Store : new ModelStore(root);
        Puller = new ModelPuller(Store, _network, static () => null, Options, TimeProvider.System);
        Pusher = new ModelPusher(Store, _network, static () => null, Options, TimeProvider.System);
    }

    public static DownloadOptions Options { get; } = new()
    {
        Parallel = 4,
        LeastPartBytes = 100_000,
        MostPartBytes = 200_000,
        Stall = TimeSpan.FromSeconds(1),
        FirstWait = TimeSpan.FromMilliseconds(5),
        NoteBytes = 50_000,
        Report = TimeSpan.FromMilliseconds(2),
    };

    public TemporaryStore Temporary { get; } = new();

    public ModelStore Store { get; }

    public ModelPuller Puller { get; }

    public ModelPusher Pusher { get; }

    /// <summary>Pulls, and checks that no file's progress runs backwards or out of bounds.</summary>
    public async Task<List<string>> PullAsync(ModelName name, CancellationToken cancellationToken) => await PullAsync(name, null, cancellationToken);

    public async Task<List<string>> PullAsync(ModelName name, Action<PullProgress>? seen, CancellationToken cancellationToken)
    {
        var statuses = new List<string>();
        var completed = new Dictionary<Digest, long>();
        await Puller.PullAsync(
            name,
            isInsecure: true,
            removesFormer: true,
            progress =>
            {
                if (statuses.LastOrDefault() != progress.Status)
                {
                    statuses.Add(progress.Status);
                }

                if (progress.Digest is { } digest)
                {
                    Assert.InRange(progress.Completed, completed.GetValueOrDefault(digest), progress.Total);
                    completed[digest] = progress.Completed;
                }

                seen?.Invoke(progress);
                return ValueTask.CompletedTask;
            },
            cancellationToken);
        return statuses;
    }

    /// <summary>The model is in the store as the registry has it.</summary>
    public void AssertPulled(ModelName name, ModelManifest manifest)
    {
        var model = Store.Find(name);
        Assert.NotNull(model);
        Assert.Equal(manifest.Bytes.ToArray(), model.Manifest.Bytes.ToArray());
        foreach (var file in manifest.Files)
        {
            Assert.Equal(file.Digest, Digest.Of(File.ReadAllBytes(Store.Blobs.PathOf(file.Digest))));
        }

        Assert.DoesNotContain(Directory.GetFiles(Path.GetDirectoryName(Store.Blobs.PathOf(manifest.Digest))!), static file => file.Contains("-partial", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _network.Dispose();
        Temporary.Dispose();
    }
}
