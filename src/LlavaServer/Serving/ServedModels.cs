using System.Text.RegularExpressions;
using LlavaServer.Configuration;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Loading;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Store;

namespace LlavaServer.Serving;

/// <summary>Finds the files to serve: the pair that the settings name, else the model that comes with the server.</summary>
internal static partial class ServedModels
{
    private const string BundledName = "llava-mini";
    private static readonly string s_bundledFolder = Path.Combine(AppContext.BaseDirectory, "BundledModel");

    /// <summary>
    /// Reads the metadata of the files that the settings name; the store's models come behind. Throws <see cref="SettingsException"/> with one line for
    /// files that are missing or damaged.
    /// </summary>
    public static ModelCatalog Load(ModelFileOptions options, StoredModels stored)
    {
        var (name, files) = FilesOf(options);
        try
        {
            return new ModelCatalog([ModelEntry.FromFiles(name, files)], stored);
        }
        catch (Exception exception) when (exception is GgufException or IOException or UnauthorizedAccessException)
        {
            throw new SettingsException([exception.Message]);
        }
    }

    /// <summary>The store in the folder that the settings name, or where Ollama has it. Throws <see cref="SettingsException"/>.</summary>
    public static ModelStore OpenStore(ModelsOptions options)
    {
        var root = options.Path?.Trim();
        if (string.IsNullOrEmpty(root))
        {
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            root = home.Length > 0
                ? Path.Combine(home, ".ollama", "models")
                : throw new SettingsException(["There is no user folder for the model store: set Models:Path (LLAVA_MODELS)."]);
        }

        return new ModelStore(root, options.ReadOnly);
    }

    private static (string Name, ModelFiles Files) FilesOf(ModelFileOptions options)
    {
        if (!string.IsNullOrEmpty(options.Path))
        {
            var name = string.IsNullOrWhiteSpace(options.Name) ? NameOf(options.Path) : options.Name.Trim();
            return (name, new ModelFiles(Path.GetFullPath(options.Path), string.IsNullOrEmpty(options.Mmproj) ? null : Path.GetFullPath(options.Mmproj)));
        }

        var bundled = new ModelFiles(Path.Combine(s_bundledFolder, BundledName + ".gguf"), Path.Combine(s_bundledFolder, BundledName + "-mmproj.gguf"));
        if (!File.Exists(bundled.ModelPath) || !File.Exists(bundled.MmprojPath))
        {
            throw new SettingsException(
            [
                $"This build has no bundled model (BundledModel/{BundledName}.gguf and {BundledName}-mmproj.gguf). "
                + "Serve a pair of files: llava serve --model model.gguf --mmproj mmproj.gguf",
            ]);
        }

        return (string.IsNullOrWhiteSpace(options.Name) ? BundledName : options.Name.Trim(), bundled);
    }

    private static string NameOf(string path)
    {
        var name = SplitSuffix().Replace(Path.GetFileNameWithoutExtension(path), "");
        return name.Replace(':', '-').Trim() is { Length: > 0 } clean ? clean : "model";
    }

    [GeneratedRegex(@"-\d{5}-of-\d{5}\z")]
    private static partial Regex SplitSuffix();
}
