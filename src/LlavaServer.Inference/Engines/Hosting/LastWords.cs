using System.Text;
using Microsoft.Extensions.Logging;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>The last lines that an engine process wrote, bounded in number and length; what is no printable character is blanked. Thread-safe.</summary>
internal sealed class LastWords
{
    private const int Lines = 20;
    private const int LongestLine = 500;
    private const int LongestQuote = 300;

    private readonly Queue<string> _lines = new();

    /// <summary>All lines kept, oldest first.</summary>
    public string Text
    {
        get
        {
            lock (_lines)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    /// <summary>The last line that is no stack frame, cut to a size that fits an error; null if there is none.</summary>
    public string? Quote
    {
        get
        {
            lock (_lines)
            {
                var line = _lines.LastOrDefault(line => !line.StartsWith("   at ", StringComparison.Ordinal) && !string.IsNullOrWhiteSpace(line))?.Trim();
                return line is { Length: > LongestQuote } ? line[..LongestQuote] : line;
            }
        }
    }

    /// <summary>Reads a stream of the process to its end.</summary>
    /// <param name="reader">The stream.</param>
    /// <param name="written">Told each line and its level.</param>
    public async Task CollectAsync(TextReader reader, Action<LogLevel, string> written)
    {
        var buffer = new char[1024];
        var line = new StringBuilder();
        try
        {
            int read;
            while ((read = await reader.ReadAsync(buffer.AsMemory()).ConfigureAwait(false)) > 0)
            {
                foreach (var character in buffer.AsSpan(0, read))
                {
                    if (character == '\n')
                    {
                        Add(line, written);
                    }
                    else if (line.Length < LongestLine)
                    {
                        line.Append(char.IsControl(character) ? ' ' : character);
                    }
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The process is gone; so are words that it did not finish.
        }

        if (line.Length > 0)
        {
            Add(line, written);
        }
    }

    private void Add(StringBuilder line, Action<LogLevel, string> written)
    {
        var (level, text) = EngineWords.Read(line.ToString().TrimEnd());
        line.Clear();
        lock (_lines)
        {
            _lines.Enqueue(text);
            if (_lines.Count > Lines)
            {
                _lines.Dequeue();
            }
        }

        written(level, text);
    }
}
