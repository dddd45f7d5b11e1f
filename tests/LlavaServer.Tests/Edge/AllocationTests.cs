using System.IO.Compression;
using System.Net;
using System.Text;
using LlavaServer.Tests.Endpoints.OpenAI;
using LlavaServer.Tests.Scripted;

namespace LlavaServer.Tests.Edge;

/// <summary>What requests cost in memory. Counts the whole process, so nothing runs beside it.</summary>
[Collection(nameof(Alone))]
public sealed class AllocationTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task IMG7_TwentyMebibytes_CostUnder45MebibytesOfAllocations()
    {
        await using var server = await ScriptedServer.StartAsync();
        var bytes = new byte[20 << 20];
        TestPictures.Encode(33, 21).CopyTo(bytes, 0);
        var json = OpenAIServer.Parts("{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64," + Convert.ToBase64String(bytes) + "\"}}");
        var allocated = await AllocatedByAsync(server, Encoding.UTF8.GetBytes(json), null, HttpStatusCode.OK);
        Assert.True(allocated < 45L << 20, $"{allocated >> 20} MiB were allocated.");
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task NET8_Bomb_RefusedWithoutMemory(string coding)
    {
        await using var server = await ScriptedServer.StartAsync();
        var allocated = await AllocatedByAsync(server, Bomb(coding), coding, HttpStatusCode.RequestEntityTooLarge);
        Assert.True(allocated < 8 << 20, $"{allocated} bytes were allocated.");
    }

    /// <summary>Least bytes that one of several equal requests allocates: the first ones fill the buffer pool of each thread and compile.</summary>
    private static async Task<long> AllocatedByAsync(ScriptedServer server, byte[] body, string? coding, HttpStatusCode expected)
    {
        var least = long.MaxValue;
        for (var i = 0; i < 6; i++)
        {
            using var content = new ByteArrayContent(body);
            content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
            if (coding is not null)
            {
                content.Headers.TryAddWithoutValidation("Content-Encoding", coding);
            }

            var before = GC.GetTotalAllocatedBytes(precise: true);
            using var response = await server.Client.PostAsync("/v1/chat/completions", content, Cancelled);
            Assert.True(response.StatusCode == expected, await response.Content.ReadAsStringAsync(Cancelled));
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return least;
    }

    private static byte[] Bomb(string coding)
    {
        using var target = new MemoryStream();
        using (Stream stream = coding switch
        {
            "gzip" => new GZipStream(target, CompressionLevel.Optimal),
            "br" => new BrotliStream(target, CompressionLevel.Optimal),
            _ => new ZLibStream(target, CompressionLevel.Optimal),
        })
        {
            var zeros = new byte[1 << 20];
            for (var i = 0; i < 128; i++)
            {
                stream.Write(zeros);
            }
        }

        return target.ToArray();
    }
}
