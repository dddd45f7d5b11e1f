using System.Text.RegularExpressions;
using LlavaServer.Configuration;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Loading;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Serving;

/// <summary>Finds the files to serve: the pair that the settings name, else the model that comes with the server.</summary>
internal static partial class ServedModels
{
    private const string BundledName = "llava-mini";
    private static readonly string s_bundledFolder = Path.Combine(AppContext.BaseDirectory, "BundledModel");

    /// <summary>Reads the files' metadata. Throws <see cref="SettingsException"/> with one line for files that are missing or damaged.</summary>
    public static ModelCatalog Load(ModelFileOptions options)
    {
        var (name, files) = FilesOf(options);
        try
        {
            return new ModelCatalog([ModelEntry.FromFiles(name, files)]);
        }
        catch (Exception exception) when (exception is GgufException or IOException or UnauthorizedAccessException)
        {
            throw new SettingsException([exception.Message]);
        }
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
