using System.Collections.Frozen;

namespace LlavaServer.Page;

/// <summary>The files of the chat page by their paths, read once from <c>wwwroot</c> beside the program. Singleton; any thread.</summary>
internal sealed class PageFiles
{
    /// <summary>The page itself.</summary>
    public const string Index = "/index.html";

    private static readonly FrozenDictionary<string, string> s_types = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".mjs"] = "text/javascript; charset=utf-8",
        [".json"] = "application/json; charset=utf-8",
        [".txt"] = "text/plain; charset=utf-8",
        [".svg"] = "image/svg+xml",
        [".png"] = "image/png",
    }.ToFrozenDictionary();

    private readonly FrozenDictionary<string, PageFile> _files;

    public PageFiles()
        : this(Path.Combine(AppContext.BaseDirectory, "wwwroot"))
    {
    }

    /// <param name="folder">Whose files are served; without it there is no page.</param>
    public PageFiles(string folder)
    {
        _files = Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(static path => s_types.ContainsKey(Path.GetExtension(path))).ToFrozenDictionary(
                path => "/" + Path.GetRelativePath(folder, path).Replace('\\', '/'),
                static path => new PageFile(s_types[Path.GetExtension(path)], File.ReadAllBytes(path)),
                StringComparer.Ordinal)
            : FrozenDictionary<string, PageFile>.Empty;
    }

    public IReadOnlyCollection<string> Paths => _files.Keys;

    /// <summary>The file of a request's path, or null.</summary>
    public PageFile? Find(string path) => _files.GetValueOrDefault(path);
}
