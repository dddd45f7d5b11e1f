using System.Runtime.InteropServices;

namespace LlavaServer.Engine.Tests.Kernels;

/// <summary>
/// A buffer that ends where an inaccessible page begins, so that reading or writing one element too far ends the test run (Linux and macOS; elsewhere
/// plain memory).
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int PageBytes = 16 * 1024;
    private const int ReadWrite = 3;
    private const int PrivateAnonymousLinux = 0x22;
    private const int PrivateAnonymousMac = 0x1002;

    private readonly nint _mapping;
    private readonly nuint _mappedBytes;

    public GuardedMemory(long bytes)
    {
        nuint whole = (nuint)(((bytes + PageBytes - 1) / PageBytes * PageBytes) + PageBytes);
        if (OperatingSystem.IsWindows())
        {
            _mapping = (nint)NativeMemory.AllocZeroed(whole);
            Pointer = (byte*)_mapping;
            return;
        }

        _mappedBytes = whole;
        _mapping = Map(0, whole, ReadWrite, OperatingSystem.IsMacOS() ? PrivateAnonymousMac : PrivateAnonymousLinux, -1, 0);
        byte* guard = (byte*)_mapping + whole - PageBytes;
        if (_mapping == -1 || Protect((nint)guard, PageBytes, 0) != 0)
        {
            throw new InvalidOperationException("No guarded memory.");
        }

        Pointer = guard - bytes;
    }

    public byte* Pointer { get; }

    public float* Floats => (float*)Pointer;

    public void Dispose()
    {
        if (_mappedBytes == 0)
        {
            NativeMemory.Free((void*)_mapping);
        }
        else
        {
            _ = Unmap(_mapping, _mappedBytes);
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);
}
