using LlavaServer.Configuration;
using Microsoft.Extensions.Options;

namespace LlavaServer.Edge.Access;

/// <summary>
/// The keys that this server knows, of <c>Security:ApiKeys</c> and of <c>Security:ApiKeysFile</c>, which is read again when it changed. Singleton,
/// thread-safe.
/// </summary>
internal sealed partial class ApiKeys
{
    /// <summary>How often the file's time is looked at: often enough for a key that must go, without a system call a request.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly ILogger<ApiKeys> _logger;
    private readonly IReadOnlyList<ApiKey> _configured;
    private readonly string? _file;
    private volatile IReadOnlyList<ApiKey> _all;
    private (DateTime Time, long Length) _fileState;
    private long _looked;

    public ApiKeys(IOptions<SecurityOptions> options, TimeProvider time, ILogger<ApiKeys> logger)
    {
        _time = time;
        _logger = logger;
        _file = options.Value.ApiKeysFile;
        var problems = new List<string>();
        _configured = ApiKeyList.Read(options.Value.ApiKeys, "Security:ApiKeys", problems);
        _fileState = _file is null ? default : StateOf(_file);
        _all = _file is null ? _configured : [.. _configured, .. ReadFile(_file, problems)];
        _looked = time.GetTimestamp();
        IsOn = options.Value.HasKeys;
        if (problems.Count > 0)
        {
            throw new SettingsException(problems);
        }
    }

    /// <summary>Keys are asked for. Stays true when a file loses its last key: then nobody may call.</summary>
    public bool IsOn { get; }

    /// <summary>The key that a caller showed, or null. Every key is compared, whatever matched before.</summary>
    public ApiKey? Find(string text)
    {
        LookAtFile();
        var hash = ApiKey.HashOf(text);
        ApiKey? found = null;
        foreach (var key in _all)
        {
            found = key.Matches(hash) ? key : found;
        }

        return found;
    }

    /// <summary>What is wrong with a key file, for the validation at start.</summary>
    public static List<ApiKey> ReadFile(string file, List<string> problems)
    {
        try
        {
            return ApiKeyList.Read(File.ReadAllText(file), "Security:ApiKeysFile", problems);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problems.Add("Security:ApiKeysFile names a file that cannot be read.");
            return [];
        }
    }

    private void LookAtFile()
    {
        if (_file is null || _time.GetElapsedTime(Interlocked.Read(ref _looked)) < LookEvery)
        {
            return;
        }

        lock (_lock)
        {
            Interlocked.Exchange(ref _looked, _time.GetTimestamp());
            var state = StateOf(_file);
            if (state == _fileState)
            {
                return;
            }

            var problems = new List<string>();
            var keys = ReadFile(_file, problems);
            if (problems.Count > 0)
            {
                // Half a file is no reason to lock everybody out or to let a removed key live on unnoticed: the old keys stay and the log says so.
                Log.NotRead(_logger, string.Join(' ', problems));
                return;
            }

            _fileState = state;
            _all = [.. _configured, .. keys];
            Log.Read(_logger, keys.Count);
        }
    }

    private static (DateTime Time, long Length) StateOf(string file)
    {
        var info = new FileInfo(file);
        return info.Exists ? (info.LastWriteTimeUtc, info.Length) : default;
    }

    private static partial class Log
    {
        [LoggerMessage(40, LogLevel.Information, "The key file changed: {Count} keys")]
        public static partial void Read(ILogger logger, int count);

        [LoggerMessage(41, LogLevel.Error, "The key file changed and cannot be used, the keys stay as they were. {Problems}")]
        public static partial void NotRead(ILogger logger, string problems);
    }
}
