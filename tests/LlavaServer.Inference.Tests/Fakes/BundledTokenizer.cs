using LlavaServer.Models.Gguf;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Tests.Fakes;

/// <summary>The tokenizer of the bundled model, read once; null where the model is not in the checkout.</summary>
internal static class BundledTokenizer
{
    private static readonly Lazy<ITokenizer?> s_tokenizer = new(Read);

    public static ITokenizer Get()
    {
        Assert.SkipWhen(s_tokenizer.Value is null, "the bundled model is not in this checkout");
        return s_tokenizer.Value;
    }

    private static ITokenizer? Read()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "src", "LlavaServer", "BundledModel", "llava-mini.gguf");
            if (File.Exists(path))
            {
                using var file = GgufFile.Open(path);
                return TokenizerFactory.Create(file.Metadata);
            }
        }

        return null;
    }
}
