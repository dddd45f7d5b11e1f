using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace LlavaServer.Engine.Cpu.Kernels.Simd;

/// <summary>
/// Calls for memory that is read soon. The processor's own look-ahead ends at each page, which costs the products that compute much per byte (several
/// activation rows) more than the calls do. Nothing happens where the runtime has no such instruction.
/// </summary>
internal static unsafe class CacheLines
{
    private const int Bytes = 64;

    // Some microseconds of work ahead of what is read, past the end of its page.
    private const int Distance = 4096;

    /// <summary>Calls for <paramref name="bytes"/> bytes that lie a page behind <paramref name="address"/>; they need not exist.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PrefetchAhead(byte* address, int bytes)
    {
        if (Sse.IsSupported)
        {
            for (int offset = Distance; offset < Distance + bytes; offset += Bytes)
            {
                Sse.Prefetch0(address + offset);
            }
        }
    }
}
