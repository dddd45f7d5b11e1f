using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Create;

/// <summary>One file on its way to the server: hashed, asked about, and sent if the server does not have it. One call of the verb.</summary>
internal sealed class FileUpload(ServerClient client, string name, string path)
{
    private const int BufferBytes = 1 << 20;
    private const long StepBytes = 64L << 20;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Known when it has run.</summary>
    public string Digest { get; private set; } = "";

    /// <summary>Each step is a line as the server writes them.</summary>
    public async IAsyncEnumerable<JsonElement> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes, FileOptions.Asynchronous | FileOptions.SequentialScan);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[BufferBytes];
        var total = file.Length;
        int count;
        yield return Step("hashing", 0, total);
        for (long done = 0; (count = await file.ReadAsync(buffer, cancellationToken)) > 0; done += count)
        {
            hash.AppendData(buffer, 0, count);
            if ((done + count) / StepBytes > done / StepBytes)
            {
                yield return Step("hashing", done + count, total);
            }
        }

        yield return Step("hashing", total, total);
        Digest = "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset());
        var route = "api/blobs/" + Digest;
        if (await client.HasAsync(route, cancellationToken))
        {
            yield break;
        }

        file.Position = 0;
        var sending = client.UploadAsync(route, file, cancellationToken);
        while (await Task.WhenAny(sending, Task.Delay(s_pause, cancellationToken)) != sending)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return Step("uploading", PositionOf(file), total);
        }

        await sending;
        yield return Step("uploading", total, total);
    }

    // The upload closes the file when it is through.
    private static long PositionOf(FileStream file)
    {
        try
        {
            return file.Position;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    private JsonElement Step(string status, long completed, long total) =>
        JsonSerializer.SerializeToElement(new { status = $"{status} {name}", total, completed });
}
