using System.ComponentModel;
using System.Diagnostics;

namespace LlavaServer.TestDisk;

/// <summary>A disk of one MiB at a folder, as long as it is not disposed. Owned by one test, which is skipped where none can be mounted.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _folder;

    public SmallDisk(string folder)
    {
        _folder = folder;
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder), "A small tmpfs cannot be mounted here (needs root on Linux).");
    }

    private string Filler => Path.Combine(_folder, "filler");

    /// <summary>Takes all room that is left.</summary>
    public void Fill()
    {
        try
        {
            File.WriteAllBytes(Filler, new byte[2 << 20]);
            Assert.Fail("The disk has more than its MiB.");
        }
        catch (IOException)
        {
            // Full to the last block.
        }
    }

    /// <summary>Gives it back.</summary>
    public void Free() => File.Delete(Filler);

    /// <summary>From now on nothing can be written.</summary>
    public void Protect() => Assert.True(Run("mount", "-o", "remount,ro", _folder));

    public void Dispose() => Run("umount", "-l", _folder);

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
