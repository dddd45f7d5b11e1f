using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace LlavaServer.Models.Gguf;

/// <summary>
/// Read-only bytes of a file, either mapped or copied into memory. A mapping of a file that shrinks ends the process when the lost part is read, so
/// files that others can change are copied.
/// </summary>
internal sealed unsafe class GgufMapping : IDisposable
{
    private const nuint CopyAlignment = 64;
    private readonly MemoryMappedFile? file;
    private readonly MemoryMappedViewAccessor? view;
    private byte* pointer;

    public GgufMapping(FileStream stream, long length, bool memoryMap)
    {
        if (memoryMap)
        {
            file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
            pointer += view.PointerOffset;
            return;
        }

        pointer = (byte*)NativeMemory.AlignedAlloc((nuint)length, CopyAlignment);
        try
        {
            Copy(stream, pointer, length);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public nint Address => (nint)pointer;

    public void Dispose()
    {
        if (pointer == null)
        {
            return;
        }

        if (view is null)
        {
            NativeMemory.AlignedFree(pointer);
        }
        else
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
            view.Dispose();
            file!.Dispose();
        }

        pointer = null;
    }

    private static void Copy(FileStream stream, byte* destination, long length)
    {
        const int chunk = 1 << 20;
        for (long position = 0; position < length;)
        {
            var target = new Span<byte>(destination + position, (int)Math.Min(chunk, length - position));
            var read = RandomAccess.Read(stream.SafeFileHandle, target, position);
            position += read > 0 ? read : throw new GgufException("data: the file became shorter while it was read");
        }
    }
}
