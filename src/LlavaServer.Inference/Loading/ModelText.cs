using LlavaServer.Inference.Prompting;
using LlavaServer.Models.Tokenization;

namespace LlavaServer.Inference.Loading;

/// <summary>The text side of a loaded model: its tokenizer and how conversations are written for it. Immutable, used from any thread.</summary>
internal sealed record ModelText(ITokenizer Tokenizer, ChatTemplateChoice Template);
