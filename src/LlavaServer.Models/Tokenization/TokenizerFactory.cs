using LlavaServer.Models.Gguf;

namespace LlavaServer.Models.Tokenization;

/// <summary>Builds the tokenizer that a model file describes under <c>tokenizer.ggml.*</c>. Any thread.</summary>
public static class TokenizerFactory
{
    private const string Prefix = "tokenizer.ggml.";
    private const string Merges = Prefix + "merges";
    private const string ModelKind = Prefix + "model";
    private const string PreTokenizerName = Prefix + "pre";

    /// <exception cref="GgufException">
    /// The kind of vocabulary or its pre-tokenizer is not supported, or the vocabulary is damaged; the message names the key.
    /// </exception>
    public static ITokenizer Create(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        var kind = metadata.GetString(ModelKind);
        return kind switch
        {
            "llama" => new SentencePieceTokenizer(VocabularyReader.Read(metadata, new VocabularyDefaults
            {
                Bos = 1,
                Eos = 2,
                Unknown = 0,
                AddsBos = true,
                AddsSpacePrefix = true,
            })),
            "gpt2" => CreateBpe(metadata),
            _ => throw new GgufException($"key '{ModelKind}': vocabulary kind {GgufText.Quote(kind)} is not supported (supported: llama, gpt2)"),
        };
    }

    private static BpeTokenizer CreateBpe(GgufMetadata metadata)
    {
        var name = metadata.GetString(PreTokenizerName, "");
        var preTokenizer = PreTokenizer.Find(name)
            ?? throw new GgufException($"key '{PreTokenizerName}': pre-tokenizer {GgufText.Quote(name)} is not supported");
        var data = VocabularyReader.Read(metadata, new VocabularyDefaults { Bos = 11, Eos = 11, AddsBos = preTokenizer.AddsBos });
        return new BpeTokenizer(data with { Merges = metadata.GetStrings(Merges) }, preTokenizer);
    }
}
