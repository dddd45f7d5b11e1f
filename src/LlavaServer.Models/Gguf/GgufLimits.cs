namespace LlavaServer.Models.Gguf;

/// <summary>
/// What a file may declare before it is refused. Real files stay far below: about 40 keys, 1,000 tensors, 10 MiB of metadata, 300,000 merges.
/// </summary>
internal static class GgufLimits
{
    public const long MaxKeys = 65_536;
    public const long MaxTensors = 65_536;
    public const long MaxMetadataBytes = 256L << 20;
    public const long MaxStringBytes = 16L << 20;
    public const long MaxKeyBytes = 4_096;

    /// <summary>A string costs some 30 bytes of memory more than in the file, so their number has a limit of its own.</summary>
    public const long MaxStrings = 1L << 22;
    public const long MaxStringsInArray = 1L << 21;

    /// <summary>GGML_MAX_NAME is 64 with the terminator.</summary>
    public const long MaxTensorNameBytes = 63;
    public const int MaxDimensions = 4;
    public const uint DefaultAlignment = 32;
    public const uint MaxAlignment = 1 << 20;
    public const int MaxSplitFiles = 1_024;
}
