using LlavaServer.Models.Store;

namespace LlavaServer.Models.Tests.Store;

public sealed class ModelNameTests
{
    [Theory]
    [InlineData("llava", "registry.ollama.ai/library/llava:latest", "llava:latest")]
    [InlineData("llava:7b", "registry.ollama.ai/library/llava:7b", "llava:7b")]
    [InlineData("user/m", "registry.ollama.ai/user/m:latest", "user/m:latest")]
    [InlineData("hf.co/u/r:Q4_K_M", "hf.co/u/r:Q4_K_M", "hf.co/u/r:Q4_K_M")]
    [InlineData("http://localhost:5000/u/r", "localhost:5000/u/r:latest", "localhost:5000/u/r:latest")]
    [InlineData("HTTPS://h/u/r", "h/u/r:latest", "h/u/r:latest")]
    [InlineData("REGISTRY.ollama.ai/Library/LLaVA", "REGISTRY.ollama.ai/Library/LLaVA:latest", "LLaVA:latest")]
    [InlineData("registry.ollama.ai/u/m:1.5", "registry.ollama.ai/u/m:1.5", "u/m:1.5")]
    [InlineData("_a:_b", "registry.ollama.ai/library/_a:_b", "_a:_b")]
    public void TryParse_Name_HasDefaultsAndShortestForm(string text, string full, string display)
    {
        Assert.True(ModelName.TryParse(text, out var name));
        Assert.Equal(full, name.Full);
        Assert.Equal(display, name.Display);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("m:")]
    [InlineData(":t")]
    [InlineData("/m")]
    [InlineData("n/")]
    [InlineData("a//b")]
    [InlineData("h/n/m/x")]
    [InlineData(".m")]
    [InlineData("..")]
    [InlineData("../m")]
    [InlineData("n/..")]
    [InlineData("m:..")]
    [InlineData("m:.x")]
    [InlineData("..\\m")]
    [InlineData("m n")]
    [InlineData("mö")]
    [InlineData("m\n")]
    [InlineData("m@sha256:0")]
    [InlineData("n.x/m")]
    [InlineData("file://n/m")]
    [InlineData("ftp://h/n/m")]
    [InlineData("://m")]
    [InlineData("-m")]
    public void STO1_TryParse_NoName_False(string text) => Assert.False(ModelName.TryParse(text, out _));

    [Fact]
    public void TryParse_Lengths_EndWhereTheGrammarSays()
    {
        Assert.True(ModelName.TryParse($"{new string('h', 350)}/{new string('n', 80)}/{new string('m', 80)}:{new string('t', 80)}", out _));
        Assert.False(ModelName.TryParse($"{new string('h', 351)}/n/m", out _));
        Assert.False(ModelName.TryParse($"{new string('n', 81)}/m", out _));
        Assert.False(ModelName.TryParse(new string('m', 81), out _));
        Assert.False(ModelName.TryParse("m:" + new string('t', 81), out _));
    }

    [Theory]
    [InlineData("con", true)]
    [InlineData("NUL.txt", true)]
    [InlineData("com1", true)]
    [InlineData("ends.", true)]
    [InlineData("host:5000", true)]
    [InlineData("console", false)]
    [InlineData("v1.5", false)]
    public void STO1_NamesOfDevices_AreNoFilesOnWindows(string part, bool expected) => Assert.Equal(expected, ModelName.IsNoFileOnWindows(part));

    [Fact]
    public void STO1_RandomTexts_NeverLeadOutOfTheStore()
    {
        const string alphabet = "ab./\\:~%_- \0\u00e4\u202e\ud83d..//::";
        var root = Path.GetFullPath(Path.Combine(Path.GetTempPath(), "root"));
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 24)).Select(_ => alphabet[random.Next(alphabet.Length)]));
            if (ModelName.TryParse(text, out var name))
            {
                var path = Path.GetFullPath(Path.Combine([root, .. name.Parts]));
                Assert.Equal(root, Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(path)))));
                Assert.True(ModelName.TryParse(name.Full, out var again) && again == name, text);
            }
        }
    }

    [Theory]
    [InlineData("sha256:")]
    [InlineData("sha256-")]
    public void STO2_Digest_EitherFormAndCase_IsTheSame(string prefix)
    {
        Assert.True(Digest.TryParse(prefix + new string('A', 64), out var upper));
        Assert.True(Digest.TryParse("sha256:" + new string('a', 64), out var lower));
        Assert.Equal(lower, upper);
        Assert.Equal("sha256-" + new string('a', 64), upper.FileName);
    }

    [Fact]
    public void STO2_Digest_AnythingElse_IsNone()
    {
        var hex = new string('0', 64);
        foreach (var text in new[] { "", hex, "sha256", "sha256:", "sha256:" + hex[1..], $"sha256:{hex}0", $"sha256:{hex}\n", $"sha256:../{hex[3..]}", $"SHA256:{hex}", $"sha512:{hex}", $"sha256_{hex}", $"sha256:{hex[1..]}g", $"sha256:{hex[1..]}\u0660" })
        {
            Assert.False(Digest.TryParse(text, out _), text);
        }

        Assert.False(Digest.TryParse(null, out _));
    }
}
