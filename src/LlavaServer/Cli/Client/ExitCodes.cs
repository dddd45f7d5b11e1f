namespace LlavaServer.Cli.Client;

/// <summary>What verbs end with.</summary>
internal static class ExitCodes
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int WrongUsage = 2;
    public const int NotReachable = 3;
    public const int ModelNotFound = 4;
    public const int Refused = 5;
    public const int Busy = 6;
    public const int Interrupted = 130;

    /// <summary>By an answer's status.</summary>
    public static int Of(int status) => status switch
    {
        400 or 405 or 413 or 415 => WrongUsage,
        401 or 403 => Refused,
        404 => ModelNotFound,
        429 or 503 => Busy,
        _ => Failed,
    };
}
