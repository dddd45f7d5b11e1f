namespace LlavaServer.Engine.Tests.Vision;

/// <summary>A path in the temporary folder that is deleted with the object.</summary>
internal sealed class TemporaryFile(string extension) : IDisposable
{
    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"llava-{Guid.NewGuid():N}{extension}");

    public void Dispose() => File.Delete(Path);
}
