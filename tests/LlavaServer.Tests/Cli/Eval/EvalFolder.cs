namespace LlavaServer.Tests.Cli.Eval;

/// <summary>A folder for the files of one test, gone after it.</summary>
internal sealed class EvalFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("llava-eval-");

    public string Path(string name) => System.IO.Path.Combine(_folder.FullName, name);

    public string Write(string name, params string[] lines)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path(name))!);
        File.WriteAllText(Path(name), string.Join('\n', lines) + "\n");
        return Path(name);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
