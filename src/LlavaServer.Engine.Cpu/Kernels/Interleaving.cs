using LlavaServer.Engine.Cpu.Tensors;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Engine.Cpu.Kernels;

/// <summary>
/// Copies weights into panels of 16 interleaved rows for the types that have such kernels, in parallel, once at load.
/// </summary>
internal static unsafe class Interleaving
{
    /// <summary>The copy, or null for a type whose products read the file's layout.</summary>
    public static NativeBuffer? Pack(TensorType type, byte* rows, int rowCount, int width, WorkerPool workers) => null;
}
