using System.Text;
using System.Text.Json;
using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Eval.Asking;

/// <summary>
/// A file of answers, one JSON object a line. Lines are added whole and reach the system at once, so a killed process leaves at most one torn
/// line, at the end, which the next one cuts off. One process writes at a time. Safe for several threads.
/// </summary>
internal sealed class AnswerFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly Lock _gate = new();

    private AnswerFile(string path, FileStream stream, List<EvalAnswer> present)
    {
        Path = path;
        _stream = stream;
        Present = present;
    }

    public string Path { get; }

    /// <summary>What was there when the file was opened.</summary>
    public IReadOnlyList<EvalAnswer> Present { get; }

    /// <summary>Opens for adding; a torn last line is removed.</summary>
    /// <exception cref="VerbException">The file is used by another process, or is not one of answers.</exception>
    public static AnswerFile Open(string path)
    {
        FileStream stream;
        try
        {
            if (System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) is { } folder)
            {
                Directory.CreateDirectory(folder);
            }

            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new VerbException(ExitCodes.Failed, $"{path} cannot be written: {failure.Message}");
        }

        try
        {
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            var (answers, whole) = Parse(bytes, path);
            stream.SetLength(whole);
            stream.Seek(0, SeekOrigin.End);
            if (whole > 0 && bytes[whole - 1] != '\n')
            {
                stream.WriteByte((byte)'\n');
            }

            return new AnswerFile(path, stream, answers);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads without changing; a torn last line is passed over.</summary>
    public static IReadOnlyList<EvalAnswer> Read(string path) => Parse(JsonLines.Guard(path, () => File.ReadAllBytes(path)), path).Answers;

    public void Add(EvalAnswer answer)
    {
        var line = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(answer, JsonLines.Writing) + "\n");
        lock (_gate)
        {
            _stream.Write(line);
        }
    }

    /// <summary>Writes the file anew with these answers in this order, all or nothing: LLaVA's scripts compare by position.</summary>
    public static void Replace(string path, IEnumerable<EvalAnswer> answers)
    {
        var fresh = path + ".new";
        File.WriteAllLines(fresh, answers.Select(static answer => JsonSerializer.Serialize(answer, JsonLines.Writing)));
        File.Move(fresh, path, overwrite: true);
    }

    public void Dispose() => _stream.Dispose();

    private static bool IsWhole(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        try
        {
            return reader.Read() && reader.TrySkip();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static (List<EvalAnswer> Answers, int WholeBytes) Parse(byte[] bytes, string path)
    {
        var answers = new List<EvalAnswer>();
        var (at, number) = (0, 0);
        while (at < bytes.Length)
        {
            number++;
            var end = Array.IndexOf(bytes, (byte)'\n', at);
            var line = bytes.AsSpan(at, (end < 0 ? bytes.Length : end) - at).Trim(" \t\r"u8);
            if (line.Length > 0)
            {
                try
                {
                    answers.Add((JsonLines.IsText(line) ? JsonSerializer.Deserialize<EvalAnswer>(line) : null) ?? throw new JsonException("The line is null, or no text."));
                }
                catch (JsonException) when (end < 0 && !IsWhole(line))
                {
                    return (answers, at);
                }
                catch (JsonException failure)
                {
                    throw new VerbException(ExitCodes.WrongUsage, $"{path}, line {number}, is no answer: {failure.Message}");
                }
            }

            at = end < 0 ? bytes.Length : end + 1;
        }

        return (answers, bytes.Length);
    }
}
