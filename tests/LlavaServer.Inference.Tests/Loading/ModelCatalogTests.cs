using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Tests.Fakes;

namespace LlavaServer.Inference.Tests.Loading;

public sealed class ModelCatalogTests
{
    [Fact]
    public void Find_NameWithoutTagAndAnyCase_IsTheSameModel()
    {
        var catalog = new ModelCatalog([InferenceHost.Entry("llava-mini", true), InferenceHost.Entry("user/other", false)]);
        Assert.Equal("llava-mini:latest", catalog.Find("llava-mini")?.Name);
        Assert.Equal("llava-mini:latest", catalog.Find("LLaVA-Mini:Latest")?.Name);
        Assert.Equal("user/other:latest", catalog.Find("user/other")?.Name);
        Assert.Null(catalog.Find("llava-mini:7b"));
        Assert.Null(catalog.Find(""));
        Assert.Equal("user/other:latest", catalog.Default("user/other")?.Name);
        Assert.Equal("llava-mini:latest", catalog.Default(null)?.Name);
    }

    [Fact]
    public void Create_TwoOfOneName_IsAMistake() =>
        Assert.Throws<ArgumentException>(() => new ModelCatalog([InferenceHost.Entry("a", true), InferenceHost.Entry("A", true)]));
}
