using LlavaServer.Endpoints.Ollama;

namespace LlavaServer.Tests.Endpoints.Ollama;

public sealed class OllamaModelNameTests
{
    [Theory]
    [InlineData("llava", "llava:latest", "registry.ollama.ai/library/llava:latest")]
    [InlineData("LLaVA:7b", "LLaVA:7b", "registry.ollama.ai/library/LLaVA:7b")]
    [InlineData("library/llava", "llava:latest", "registry.ollama.ai/library/llava:latest")]
    [InlineData("registry.ollama.ai/library/llava:latest", "llava:latest", "registry.ollama.ai/library/llava:latest")]
    [InlineData("https://registry.ollama.ai/library/llava", "llava:latest", "registry.ollama.ai/library/llava:latest")]
    [InlineData("user/llava", "user/llava:latest", "registry.ollama.ai/user/llava:latest")]
    [InlineData("hf.co/u/r:Q4_K_M", "hf.co/u/r:Q4_K_M", "hf.co/u/r:Q4_K_M")]
    [InlineData("localhost:5000/u/r", "localhost:5000/u/r:latest", "localhost:5000/u/r:latest")]
    public void Parse_Name_Parts(string text, string display, string full)
    {
        var name = OllamaModelName.Parse(text);
        Assert.Equal((display, full), (name?.Display, name?.Full));
    }

    [Theory]
    [InlineData("")]
    [InlineData("m:")]
    [InlineData("/m")]
    [InlineData(":tag")]
    [InlineData("a//b")]
    [InlineData("a/b/c/d")]
    [InlineData("../etc/passwd")]
    [InlineData(".hidden")]
    [InlineData("a b")]
    [InlineData("m@sha256:abc")]
    [InlineData("name\n")]
    [InlineData("ü")]
    public void Parse_NoName_Null(string text) => Assert.Null(OllamaModelName.Parse(text));

    [Theory]
    [InlineData(80, true)]
    [InlineData(81, false)]
    public void Parse_Length_EightyAtMost(int length, bool isName) => Assert.Equal(isName, OllamaModelName.Parse(new string('m', length)) is not null);
}
