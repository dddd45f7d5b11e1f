using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>A started engine process: its streams are read to their end, and its exit code is kept for the error text. Thread-safe.</summary>
internal sealed class ChildProcess : IEngineChild
{
    // On Unix, .NET reports a process that a signal ended as 128 and its number.
    private const int SignalBase = 128;
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(10);

    // The child learns what it needs by frames; keys and passwords of the server are not for it.
    private static readonly string[] s_privateVariables = ["LLAVA_", "OLLAMA_", "ASPNETCORE_", "Llava__"];

    private readonly Process _process;
    private readonly LastWords _words = new();
    private readonly Task _reading;

    private ChildProcess(Process process, Action<LogLevel, string> written)
    {
        _process = process;
        _reading = Task.WhenAll(_words.CollectAsync(process.StandardOutput, written), _words.CollectAsync(process.StandardError, written));
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>All lines kept of what it wrote.</summary>
    public string Words => _words.Text;

    /// <summary>Starts the process. Throws <see cref="System.ComponentModel.Win32Exception"/> when that is not possible.</summary>
    public static ChildProcess Start(EngineCommand command, string socketPath, Action<LogLevel, string> written)
    {
        var start = new ProcessStartInfo(command.FileName, [.. command.Arguments, "--socket", socketPath])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(IsPrivate).ToArray())
        {
            start.Environment.Remove(name);
        }

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return new ChildProcess(process, written);
    }

    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended by itself.
        }
    }

    public string Describe(TimeSpan wait)
    {
        if (!_process.WaitForExit(wait))
        {
            return "The engine process does not answer.";
        }

        _reading.Wait(wait);
        var end = $"The engine process ended ({ExitText(_process.ExitCode)}).";
        return _words.Quote is { } quote ? $"{end} Its last words: {quote}" : end;
    }

    public void Dispose()
    {
        Kill();
        if (_process.WaitForExit(KillLimit))
        {
            _reading.Wait(KillLimit);
        }

        _process.Dispose();
    }

    internal static string ExitText(int code)
    {
        if (OperatingSystem.IsWindows() || code <= SignalBase)
        {
            return $"exit code {code}";
        }

        var name = (code - SignalBase) switch
        {
            4 => " SIGILL",
            6 => " SIGABRT",
            7 => " SIGBUS",
            8 => " SIGFPE",
            9 => " SIGKILL",
            11 => " SIGSEGV",
            15 => " SIGTERM",
            _ => "",
        };
        return $"signal {code - SignalBase}{name}";
    }

    private static bool IsPrivate(string name) => Array.Exists(s_privateVariables, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
}
