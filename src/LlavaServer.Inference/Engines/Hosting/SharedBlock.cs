using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;

namespace LlavaServer.Inference.Engines.Hosting;

/// <summary>
/// Memory that server and engine process both map. The side that made it removes its file's name as soon as the other side has mapped it, so nothing
/// is left over whichever process dies. Not thread-safe.
/// </summary>
internal sealed unsafe class SharedBlock : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private byte* _pointer;
    private bool _hasName;

    private SharedBlock(string path, FileStream stream, long length, bool hasName)
    {
        Path = path;
        Length = length;
        _hasName = hasName;
        _file = MemoryMappedFile.CreateFromFile(stream, null, length, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor(0, length, MemoryMappedFileAccess.ReadWrite);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _pointer);
        _pointer += _view.PointerOffset;
    }

    public string Path { get; }

    /// <summary>Size in bytes.</summary>
    public long Length { get; }

    /// <summary>
    /// Makes a block. Its space is taken now: a file system that is full throws <see cref="IOException"/> here instead of ending the process later.
    /// </summary>
    public static SharedBlock Create(string path, long length)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            PreallocationSize = length,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            var stream = new FileStream(path, options);
            stream.SetLength(length);
            return new SharedBlock(path, stream, length, hasName: true);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Maps a block that the other side made. Throws <see cref="EngineProtocolException"/> when it has not the length that was said.</summary>
    public static SharedBlock Open(string path, long length)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        if (length > 0 && stream.Length == length)
        {
            return new SharedBlock(path, stream, length, hasName: false);
        }

        var actual = stream.Length;
        stream.Dispose();
        throw new EngineProtocolException($"a shared block of {actual} bytes that should have {length}");
    }

    /// <summary>A part of the block as values of one type.</summary>
    public Span<T> Slice<T>(long offset, int count)
        where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(_pointer == null, this);
        if (offset < 0 || count < 0 || offset > Length || (Length - offset) / Unsafe.SizeOf<T>() < count)
        {
            throw new ArgumentOutOfRangeException(nameof(count), $"{count} values at byte {offset} of a block of {Length} bytes.");
        }

        return new Span<T>(_pointer + offset, count);
    }

    /// <summary>Removes the file's name; the memory stays until both sides unmap it. Where a mapped file cannot be removed, disposing does it.</summary>
    public void Unlink()
    {
        if (_hasName && !OperatingSystem.IsWindows())
        {
            _hasName = false;
            File.Delete(Path);
        }
    }

    public void Dispose()
    {
        if (_pointer == null)
        {
            return;
        }

        _pointer = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
        if (_hasName)
        {
            _hasName = false;
            File.Delete(Path);
        }
    }
}
