using LlavaServer.Models.Store;

namespace LlavaServer.Models.Tests.Store;

/// <summary>A store in a folder of its own. Owned by one test, which disposes it.</summary>
internal sealed class TemporaryStore : IDisposable
{
    public TemporaryStore() => Store = new ModelStore(Root);

    public string Root { get; } = Directory.CreateTempSubdirectory("llava-störe-").FullName;

    public ModelStore Store { get; }

    public string BlobFolder => Path.Combine(Root, "blobs");

    public IReadOnlyList<string> BlobNames => Directory.Exists(BlobFolder) ? [.. Directory.GetFiles(BlobFolder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)] : [];

    public static ModelName Name(string text) => StoreChild.Name(text);

    public string ManifestPath(string host, string @namespace, string model, string tag) => Path.Combine(Root, "manifests", host, @namespace, model, tag);

    /// <summary>A model of these texts: the first is the language model, the others are projectors.</summary>
    public ModelManifest Create(string name, params string[] texts)
    {
        var layers = texts.Select((text, index) => Store.Blobs.Add(System.Text.Encoding.UTF8.GetBytes(text), index == 0 ? LayerTypes.Model : LayerTypes.Projector)).ToList();
        var manifest = ModelManifest.Create(Store.Blobs.Add("{}"u8, LayerTypes.Config), layers);
        Store.Write(Name(name), manifest);
        return manifest;
    }

    /// <summary>The files of a model are there, byte for byte.</summary>
    public void AssertServed(ModelManifest manifest) => Assert.All(manifest.Files, file => Assert.Equal(file.Digest, Digest.Of(File.ReadAllBytes(Store.Blobs.PathOf(file.Digest)))));

    /// <summary>Whatever happened: manifests are readable, their blobs are there, and every visible blob is what its name says.</summary>
    public void AssertWhole()
    {
        var contents = Store.Read();
        Assert.Empty(contents.Unreadable);
        foreach (var model in contents.Models)
        {
            foreach (var layer in model.Manifest.Files)
            {
                Assert.True(Store.Blobs.LengthOf(layer.Digest) == layer.Size, $"{model.Name.Display} names {layer.Digest}, which is not there or not whole.");
            }
        }

        foreach (var name in BlobNames.Where(name => name[0] != '.'))
        {
            Assert.True(Digest.TryParse(name, out var digest), name);
            Assert.Equal(digest, Digest.Of(File.ReadAllBytes(Path.Combine(BlobFolder, name))));
        }
    }

    public void Dispose()
    {
        foreach (var folder in Directory.EnumerateDirectories(Root, "*", SearchOption.AllDirectories))
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }

        Directory.Delete(Root, recursive: true);
    }
}
