using System.Collections.Concurrent;
using LlavaServer.Endpoints;
using LlavaServer.Inference.Loading;
using LlavaServer.Models.Gguf;

namespace LlavaServer.Serving;

/// <summary>Number of tokens of each served model, read from its file once; 0 for one whose file cannot be read. Singleton, thread-safe.</summary>
internal sealed class VocabularySizes
{
    private readonly ConcurrentDictionary<string, int> _sizes = new();

    public int Of(ModelEntry model)
    {
        try
        {
            return model.Unusable is not null ? 0 : _sizes.GetOrAdd(model.Files.ModelPath, static path =>
            {
                using var file = GgufFile.Open(path);
                return file.Metadata.GetStrings("tokenizer.ggml.tokens").Length;
            });
        }
        catch (Exception exception) when (exception is GgufException or IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <summary>Refuses a bias for a token that the model does not have.</summary>
    public void Check(ModelEntry model, IReadOnlyDictionary<int, float>? logitBias)
    {
        if (logitBias is { Count: > 0 } && logitBias.Keys.Max() >= Of(model))
        {
            throw RequestException.InvalidValue("logit_bias", $"'logit_bias' names a token beyond the vocabulary of {Of(model)} tokens.");
        }
    }
}
