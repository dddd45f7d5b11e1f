using LlavaServer.Endpoints.Ollama;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Tests.Endpoints.Ollama;

public sealed class OllamaMapperTests
{
    [Theory]
    [InlineData("What?", 1, "0|What?")]
    [InlineData("What?", 2, "0,1|What?")]
    [InlineData("a [img] b", 1, "0|a  b")]
    [InlineData("a [img] b [img]", 2, "0,1|a  b ")]
    [InlineData("a [img] b", 3, "1,2,0|a  b")]
    [InlineData("a [img-0] b", 1, "0|a [img-0] b")]
    [InlineData("a [img] b", 0, "|a [img] b")]
    public void IMG17_Messages_Placeholders_PicturesInOrder(string text, int images, string expected)
    {
        var message = new OllamaMessage { Role = "user", Content = text, Images = [.. Enumerable.Range(0, images).Select(static i => new byte[] { (byte)i })] };
        var parts = OllamaMapper.Messages([message])[0].Parts;
        Assert.Equal(expected, string.Join(',', parts.SkipLast(1).Select(static part => part.ImageBytes!.Value.Span[0])) + "|" + parts[^1].Text);
    }

    [Fact]
    public void Messages_NeighboursOfOneRole_Joined()
    {
        var messages = OllamaMapper.Messages(
        [
            new() { Role = "system", Content = "s" },
            new() { Role = "user", Content = "a", Images = [[1]] },
            new() { Role = "user", Content = "b", Images = [[2]] },
            new() { Role = "assistant", Content = "c" },
        ]);
        Assert.Equal([ChatRole.System, ChatRole.User, ChatRole.Assistant], messages.Select(static message => message.Role));
        Assert.Equal(["messages[1].images[0]", "messages[2].images[0]", ""], messages[1].Parts.Select(static part => part.Path));
        Assert.Equal("a\n\nb", messages[1].Parts[^1].Text);
    }

    [Fact]
    public void ToGeneration_Raw_PicturesInFront()
    {
        var request = new OllamaGenerateRequest { Model = "eye", Prompt = "p", Raw = true, Images = [[7]] };
        var generation = OllamaMapper.ToGeneration(request, Model(sees: true));
        Assert.Empty(generation.Messages);
        Assert.Equal(["images[0]", "", ""], generation.WrittenPrompt!.Select(static part => part.Path));
        Assert.Equal([null, "\n", "p"], generation.WrittenPrompt!.Select(static part => part.Text));
    }

    [Theory]
    [InlineData("a[img-1]b[img-0]c", 2, "a|images[1]|b|images[0]|c")]
    [InlineData("[img-0]", 1, "images[0]")]
    [InlineData("a[img-1]", 2, "images[0]|\n|a|images[1]")]
    [InlineData("[img-0][img-0][img-7][img-99999999999][img-x]", 1, "images[0]|[img-0][img-7][img-99999999999][img-x]")]
    [InlineData("a[img-0]", 0, "a[img-0]")]
    public void RawPrompt_Marks_PicturesInTheirPlaces(string prompt, int images, string expected)
    {
        var parts = Enumerable.Range(0, images).Select(static index => MessagePart.FromImage(new byte[] { 7 }, $"images[{index}]")).ToList();
        Assert.Equal(expected, string.Join('|', OllamaRawPrompt.Parts(prompt, parts).Select(static part => part.Text ?? part.Path)));
    }

    [Fact]
    public void ToGeneration_System_FirstMessage()
    {
        var generation = OllamaMapper.ToGeneration(new OllamaGenerateRequest { Model = "eye", Prompt = "p", System = "s" }, Model(sees: true));
        Assert.Equal([ChatRole.System, ChatRole.User], generation.Messages.Select(static message => message.Role));
    }

    [Theory]
    [InlineData(null, true, null)]
    [InlineData(100, true, 2048)]
    [InlineData(4000, true, 4000)]
    [InlineData(100, false, 100)]
    [InlineData(1, false, 4)]
    public void ToGeneration_NumCtx_AtLeastWhatAPictureNeeds(int? numCtx, bool sees, int? expected)
    {
        var request = new OllamaGenerateRequest { Model = "eye", Prompt = "p", Options = new OllamaOptions { NumCtx = numCtx } };
        Assert.Equal(expected, OllamaMapper.ToGeneration(request, Model(sees)).ContextLength);
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(0, 0u)]
    [InlineData(4294967297, 1u)]
    public void ToGeneration_Seed_NegativeIsRandom(long seed, uint? expected)
    {
        var request = new OllamaGenerateRequest { Model = "eye", Prompt = "p", Options = new OllamaOptions { Seed = seed } };
        Assert.Equal(expected, OllamaMapper.ToGeneration(request, Model(sees: true)).Sampling.Seed);
    }

    private static ModelEntry Model(bool sees) => new()
    {
        Name = "eye:latest",
        Files = new("model.gguf", sees ? "mmproj.gguf" : null),
        Family = "llama",
        Families = ["llama"],
        ParameterSize = "1",
        QuantizationLevel = "F16",
        SizeBytes = 1,
        Digest = new string('0', 64),
        ModifiedAt = DateTimeOffset.UnixEpoch,
        HasVision = sees,
        ContextLength = 4096,
        ParameterCount = 1,
        EmbeddingLength = 2,
    };
}
