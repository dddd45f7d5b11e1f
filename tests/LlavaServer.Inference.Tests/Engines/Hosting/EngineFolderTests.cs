using LlavaServer.Inference.Engines.Hosting;

namespace LlavaServer.Inference.Tests.Engines.Hosting;

/// <summary>Folders of sockets and shared blocks: private, and none is left over.</summary>
public sealed class EngineFolderTests
{
    [Fact]
    public void MEM10_Create_FolderAndBlocks_ForThisUserOnly()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes; its folder for temporary files belongs to the user.");
        using var folder = EngineFolder.Create();
        using var block = folder.CreateBlock(100);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, new DirectoryInfo(folder.Path).UnixFileMode);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(block.Path).UnixFileMode);
    }

    [Fact]
    public void Dispose_RemovesEverything()
    {
        var folder = EngineFolder.Create();
        var block = folder.CreateBlock(100);
        File.WriteAllText(folder.SocketPath, "");
        folder.Dispose();
        block.Dispose();
        Assert.False(Directory.Exists(folder.Path));
        Assert.False(File.Exists(block.Path));
    }

    [Fact]
    public void MEM10_RemoveLeftOvers_OfTheDead_NotOfTheLiving()
    {
        using var living = EngineFolder.Create();
        using var livingBlock = living.CreateBlock(100);
        var dead = Directory.CreateTempSubdirectory("llava-engine-").FullName;
        File.WriteAllText(Path.Combine(dead, "lock"), "");
        File.WriteAllText(Path.Combine(dead, "s"), "");
        var deadBlock = Path.Combine(Path.GetDirectoryName(livingBlock.Path)!, Path.GetFileName(dead) + "-1.block");
        File.WriteAllText(deadBlock, "");
        var elsewhere = Directory.CreateTempSubdirectory("llava-kept-").FullName;
        File.WriteAllText(Path.Combine(elsewhere, "lock"), "");
        var link = Path.Combine(Path.GetTempPath(), "llava-engine-link" + Path.GetRandomFileName());
        Directory.CreateSymbolicLink(link, elsewhere);
        try
        {
            EngineFolder.RemoveLeftOvers();
            Assert.False(Directory.Exists(dead));
            Assert.False(File.Exists(deadBlock));
            Assert.True(File.Exists(Path.Combine(elsewhere, "lock")));
            Assert.True(Directory.Exists(living.Path));
            Assert.True(File.Exists(livingBlock.Path));
        }
        finally
        {
            Directory.Delete(link);
            Directory.Delete(elsewhere, recursive: true);
        }
    }

    [Fact]
    public async Task Create_WhileOthersSweep_EveryFolderSurvives()
    {
        using var stop = new CancellationTokenSource();
        var sweeping = Task.Factory.StartNew(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    EngineFolder.RemoveLeftOvers();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        for (var i = 0; i < 200; i++)
        {
            using var folder = EngineFolder.Create();
            File.WriteAllText(folder.SocketPath, "");
            Assert.True(File.Exists(Path.Combine(folder.Path, "lock")));
        }

        await stop.CancelAsync();
        await sweeping;
    }
}
