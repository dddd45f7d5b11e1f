using System.Text.Json;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Registry;

/// <summary>
/// What lies on disk of an unfinished download, in Ollama's layout: <c>sha256-...-partial</c> with the bytes and one <c>-partial-N</c> a part with a note
/// of how far it is. A note is written by rename and only after its bytes are on the disk, so that it never promises too much. Owned by one download.
/// </summary>
internal sealed class PartFiles(string folder, Digest digest)
{
    private const int MaxParts = 1024;

    public string Data { get; } = Path.Combine(folder, digest.FileName + "-partial");

    /// <summary>The parts of an earlier try; null when there are none, or they are not whole.</summary>
    public List<DownloadPart>? Read(long total)
    {
        if (new FileInfo(Data) is not { Exists: true } data || data.Length != total)
        {
            return null;
        }

        var parts = new List<DownloadPart>();
        long end = 0;
        for (var number = 0; number < MaxParts && end < total; number++)
        {
            if (ReadNote(number) is not { } part || part.Offset != end || part.Size <= 0 || part.Size > total - end || part.Completed < 0 || part.Completed > part.Size)
            {
                return null;
            }

            parts.Add(part);
            end += part.Size;
        }

        return end == total && parts.Count > 0 ? parts : null;
    }

    public void Write(DownloadPart part)
    {
        var path = NotePath(part.Number);
        var temporary = Path.Combine(folder, TemporaryFiles.NewName("part"));
        var note = $$"""{"N":{{part.Number}},"Offset":{{part.Offset}},"Size":{{part.Size}},"Completed":{{part.Completed}}}""";
        File.WriteAllText(temporary, note);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Removes all, or all but the bytes.</summary>
    public void Remove(bool keepsData = false)
    {
        if (Directory.Exists(folder))
        {
            foreach (var note in Directory.EnumerateFiles(folder, Path.GetFileName(Data) + "-*"))
            {
                TemporaryFiles.Remove(note);
            }
        }

        if (!keepsData)
        {
            TemporaryFiles.Remove(Data);
        }
    }

    private string NotePath(int number) => $"{Data}-{number}";

    private DownloadPart? ReadNote(int number)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(NotePath(number)));
            var note = document.RootElement;
            return new DownloadPart(
                number, note.GetProperty("Offset").GetInt64(), note.GetProperty("Size").GetInt64(), note.GetProperty("Completed").GetInt64());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
