namespace LlavaServer.Cli.Run;

/// <summary>Lines typed before, oldest first, kept in a file of the user's own unless switched off. Owned by one chat.</summary>
internal sealed class LineHistory
{
    private const int Most = 1000;
    private readonly string? _path;
    private readonly List<string> _lines = [];

    /// <param name="path">The file; null keeps nothing beyond the chat.</param>
    public LineHistory(string? path)
    {
        _path = path;
        try
        {
            if (path is not null && File.Exists(path))
            {
                _lines.AddRange(File.ReadLines(path).TakeLast(Most).Select(Decode));
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A chat without its history is still a chat.
        }
    }

    public IReadOnlyList<string> Lines => _lines;

    /// <summary>The user's history; with <c>OLLAMA_NOHISTORY</c> none is read or written.</summary>
    public static LineHistory OfUser() => new(
        Environment.GetEnvironmentVariable("OLLAMA_NOHISTORY") is { Length: > 0 } off && off is not ("0" or "false")
            ? null
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.Create), "llava", "history"));

    /// <summary>Adds a line, if it is not the last one again.</summary>
    public void Add(string line)
    {
        if (line.Length == 0 || (_lines.Count > 0 && _lines[^1] == line))
        {
            return;
        }

        _lines.Add(line);
        if (_path is null)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using var writer = new StreamWriter(_path, options);
            writer.WriteLine(Encode(line));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // As above.
        }
    }

    private static string Encode(string line) => line.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Decode(string line) => string.Join('\\', line.Split("\\\\").Select(static part => part.Replace("\\n", "\n", StringComparison.Ordinal)));
}
