namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>Checks what an engine process says about its model before anything is sized by it.</summary>
internal static class EngineInfoRules
{
    private const int LongestName = 200;
    private const int MostOfAnything = 1 << 24;
    private const long MostValues = 1L << 29;

    /// <summary>Throws <see cref="EngineProtocolException"/> for figures that no model has.</summary>
    public static void Check(EngineInfo info, EngineLoadOptions options)
    {
        Name(info.EngineName, "name");
        Name(info.Device, "device");
        Name(info.Architecture, "architecture");
        Number(info.VocabularySize, MostOfAnything, "vocabulary");
        Number(info.EmbeddingWidth, 1 << 20, "embedding width");
        Number(info.ContextLength, MostOfAnything, "context");
        Number(info.TrainedContextLength, int.MaxValue, "trained context");
        Number(info.SequenceCount, options.SequenceCount, "number of sequences");
        Number(info.MaxBatchRows, options.MaxBatchRows, "rows of a batch");
        Number(info.KVPositions, int.MaxValue, "positions");
        if (info.ParameterCount < 0 || info.MemoryBytes < 0 || info.DeviceMemoryBytes < 0)
        {
            throw new EngineProtocolException("a negative size of its model");
        }

        if (info.Vision is { } vision)
        {
            Number(vision.ImageSize, 1 << 16, "image size");
            Number(vision.PatchSize, vision.ImageSize, "patch size");
            Number(vision.RowsPerImage, 1 << 16, "rows of an image");
            Name(vision.ProjectorType, "projector");
            if (!Enum.IsDefined(vision.Profile) || (long)vision.RowsPerImage * info.EmbeddingWidth > MostValues)
            {
                throw new EngineProtocolException("an impossible vision side");
            }
        }
    }

    private static void Number(int value, int most, string what)
    {
        if (value < 1 || value > most)
        {
            throw new EngineProtocolException($"{what} {value}, expected 1 to {most}");
        }
    }

    private static void Name(string? text, string what)
    {
        if (string.IsNullOrEmpty(text) || text.Length > LongestName || text.Any(char.IsControl))
        {
            throw new EngineProtocolException($"no proper {what}");
        }
    }
}
