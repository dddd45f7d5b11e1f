using System.Text;
using LlavaServer.Models.Store;

namespace LlavaServer.Models.Tests.Store;

public sealed class ModelManifestTests
{
    private const string Zeros = "0000000000000000000000000000000000000000000000000000000000000000";

    [Fact]
    public void Parse_UnknownFieldsAndTypes_BytesAreKept()
    {
        var text = $$$"""
             {"SchemaVersion":2,"mediaType":"m","annotations":{"a":[1]}, "config" : {"digest":"sha256:{{{Zeros}}}","size":3,"mediaType":"c","urls":["u"]},
             "layers":[{"mediaType":"application/vnd.ollama.image.embed","digest":"sha256-{{{Zeros.ToUpperInvariant()}}}","size":5,"from":"f","name":"n"}]}
            """;
        var bytes = Encoding.UTF8.GetBytes(text);
        var manifest = ModelManifest.Parse(bytes);
        Assert.Equal(bytes, manifest.Bytes.ToArray());
        Assert.Equal(Digest.Of(bytes), manifest.Digest);
        var layer = Assert.Single(manifest.Layers);
        Assert.Equal(("application/vnd.ollama.image.embed", 5L, "f", "n"), (layer.MediaType, layer.Size, layer.From, layer.Name));
        Assert.Equal(8, manifest.SizeBytes);
    }

    [Fact]
    public void Parse_OldManifestWithoutConfig_IsReadable()
    {
        var manifest = ModelManifest.Parse("""{"config":{"mediaType":"","digest":"","size":0},"layers":null}"""u8.ToArray());
        Assert.Null(manifest.Config);
        Assert.Empty(manifest.Layers);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{} x")]
    [InlineData("""{"layers":{}}""")]
    [InlineData("""{"layers":[null]}""")]
    [InlineData("""{"layers":[{}]}""")]
    [InlineData("""{"layers":[{"digest":7}]}""")]
    [InlineData("""{"layers":[{"digest":"sha256:../../../../etc/passwd"}]}""")]
    [InlineData("""{"config":{"digest":"sha256:00"}}""")]
    [InlineData("""{"layers":[{"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":-1}]}""")]
    [InlineData("""{"layers":[{"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":1.5}]}""")]
    [InlineData("""{"layers":[{"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":9223372036854775808}]}""")]
    [InlineData("""{"layers":[{"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":9223372036854775807},{"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":9223372036854775807}]}""")]
    [InlineData("""{"layers":[{"digest":"\ud800"}]}""")]
    public void STO6_Parse_NoManifest_IsRefused(string text) =>
        Assert.Equal(StoreError.InvalidManifest, Assert.Throws<StoreException>(() => ModelManifest.Parse(Encoding.UTF8.GetBytes(text))).Error);

    [Fact]
    public void STO6_Parse_BytesBeyondTheLimit_IsRefused()
    {
        var bytes = new byte[ModelManifest.MaxBytes + 1];
        bytes.AsSpan().Fill((byte)' ');
        "{}"u8.CopyTo(bytes);
        Assert.Throws<StoreException>(() => ModelManifest.Parse(bytes));
        Assert.NotNull(ModelManifest.Parse(bytes.AsMemory(0, ModelManifest.MaxBytes)));
    }

    [Fact]
    public void STO6_Parse_EveryTruncationAndFlip_ThrowsNothingElse()
    {
        var good = Encoding.UTF8.GetBytes($$"""{"config":{"digest":"sha256:{{Zeros}}","size":3},"layers":[{"mediaType":"a","digest":"sha256:{{Zeros}}","size":5}]}""");
        for (var i = 0; i < good.Length; i++)
        {
            ParseOrRefuse(good[..i]);
            foreach (var value in "\0\"{}[],:-9\\\u0080"u8)
            {
                var bad = (byte[])good.Clone();
                bad[i] = value;
                ParseOrRefuse(bad);
            }
        }
    }

    [Fact]
    public void Create_Layers_IsWrittenAsOllamaDoes()
    {
        Assert.True(Digest.TryParse("sha256:" + Zeros, out var digest));
        var manifest = ModelManifest.Create(new ManifestLayer(LayerTypes.Config, digest, 1), [new ManifestLayer(LayerTypes.Model, digest, 2, From: "a/b")]);
        Assert.Equal(
            "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.docker.distribution.manifest.v2+json\","
            + $"\"config\":{{\"mediaType\":\"application/vnd.docker.container.image.v1+json\",\"digest\":\"sha256:{Zeros}\",\"size\":1}},"
            + $"\"layers\":[{{\"mediaType\":\"application/vnd.ollama.image.model\",\"digest\":\"sha256:{Zeros}\",\"size\":2,\"from\":\"a/b\"}}]}}\n",
            Encoding.UTF8.GetString(manifest.Bytes.Span));
        Assert.Equal(manifest.Layers, ModelManifest.Parse(manifest.Bytes).Layers);
    }

    private static void ParseOrRefuse(byte[] bytes)
    {
        try
        {
            ModelManifest.Parse(bytes);
        }
        catch (StoreException)
        {
            // Refused in the one way.
        }
    }
}
