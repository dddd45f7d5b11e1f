namespace LlavaServer.Inference.Engines;

/// <summary>What callers are told of an exception that ended an engine.</summary>
internal static class EngineFaults
{
    public static InferenceException Of(Exception fault) => fault switch
    {
        InferenceException known => known,
        OutOfMemoryException => new InferenceException(InferenceError.OutOfMemory, "The engine has not enough memory for this request.", fault) { EngineDied = true },
        _ => new InferenceException(InferenceError.EngineFailed, "The engine failed.", fault),
    };
}
