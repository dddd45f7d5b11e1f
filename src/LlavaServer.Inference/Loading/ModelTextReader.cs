namespace LlavaServer.Inference.Loading;

/// <summary>Reads tokenizer and chat template of a model from its files.</summary>
internal delegate ModelText ModelTextReader(ModelEntry entry);
