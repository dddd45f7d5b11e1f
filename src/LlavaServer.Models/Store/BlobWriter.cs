using System.Security.Cryptography;

namespace LlavaServer.Models.Store;

/// <summary>
/// A blob in the making: a file under a temporary name beside the others, which nobody sees until <see cref="Complete"/> has checked its digest, waited
/// for the disk and renamed it. Owned by one caller, who disposes it; what is not complete then is removed.
/// </summary>
public sealed class BlobWriter : IDisposable
{
    private readonly string _folder;
    private readonly string _temporary;
    private readonly FileStream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool _isComplete;

    internal BlobWriter(string folder)
    {
        _folder = folder;
        _temporary = Path.Combine(folder, TemporaryFiles.NewName(""));
        try
        {
            Directory.CreateDirectory(folder);
            _file = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        }
        catch (Exception exception) when (StoreFailure.From(exception) is { } failure)
        {
            _hash.Dispose();
            throw failure;
        }
    }

    /// <summary>Bytes so far.</summary>
    public long Length { get; private set; }

    /// <summary>Whether the blob was in the store before it was complete.</summary>
    public bool WasThere { get; private set; }

    /// <summary>Appends bytes. Throws <see cref="StoreException"/> when the disk is full.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _file.Write(bytes);
        }
        catch (Exception exception) when (StoreFailure.From(exception) is { } failure)
        {
            throw failure;
        }

        _hash.AppendData(bytes);
        Length += bytes.Length;
    }

    /// <summary>
    /// Makes the blob visible under its digest. Throws <see cref="StoreException"/> with <see cref="StoreError.DigestMismatch"/>, and keeps nothing, when it
    /// has another digest than expected.
    /// </summary>
    /// <param name="expected">What was announced; null takes the content as it is.</param>
    public Digest Complete(Digest? expected)
    {
        var digest = Digest.FromHash(_hash.GetHashAndReset());
        if (expected is { } wanted && wanted != digest)
        {
            throw new StoreException(StoreError.DigestMismatch, $"digest mismatch, expected \"{wanted}\", got \"{digest}\"");
        }

        try
        {
            if (!OperatingSystem.IsWindows())
            {
                // Written once, read by many: nobody shortens a file that is mapped somewhere.
                File.SetUnixFileMode(_file.SafeFileHandle, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            }

            _file.Flush(flushToDisk: true);
            _file.Dispose();
            var path = Path.Combine(_folder, digest.FileName);
            WasThere = File.Exists(path);
            File.Move(_temporary, path, overwrite: true);
            _isComplete = true;
            Durability.FlushFolder(_folder);
        }
        catch (Exception exception) when (StoreFailure.From(exception) is { } failure)
        {
            throw failure;
        }

        return digest;
    }

    public void Dispose()
    {
        _hash.Dispose();
        try
        {
            _file.Dispose();
        }
        catch (IOException)
        {
            // A full disk speaks up once more; the file goes away.
        }

        if (!_isComplete)
        {
            TemporaryFiles.Remove(_temporary);
        }
    }
}
