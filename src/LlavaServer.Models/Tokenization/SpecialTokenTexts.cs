namespace LlavaServer.Models.Tokenization;

/// <summary>
/// Token texts with a meaning of their own, whatever type the file gives them (llama.cpp: src/llama-vocab.cpp). Files with a wrong end token are
/// common; a model that closes its turn with one of these texts must stop all the same. The lists grow with new model families.
/// </summary>
internal static class SpecialTokenTexts
{
    public static readonly string[] EndOfGeneration =
    [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>",
        "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
        "<\uFF5Cend\u2581of\u2581sentence\uFF5C>", "[e~[",
    ];

    /// <summary>Fill-in-the-middle tokens of code models: prefix, suffix, middle, padding, repository, separator.</summary>
    public static readonly string[][] Fill =
    [
        ["<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<\uFF5Cfim\u2581begin\uFF5C>", "<PRE>", "\u2581<PRE>", "<|code_prefix|>", "<|prefix|>"],
        ["<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<\uFF5Cfim\u2581hole\uFF5C>", "<SUF>", "\u2581<SUF>", "<|code_suffix|>", "<|suffix|>"],
        ["<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<\uFF5Cfim\u2581end\uFF5C>", "<MID>", "\u2581<MID>", "<|code_middle|>", "<|middle|>"],
        ["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"],
        ["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"],
        ["<|file_sep|>"],
    ];

    /// <summary>From this row of <see cref="Fill"/> on, the tokens end an answer.</summary>
    public const int FirstEndingFill = 3;

    /// <summary>Always written out as text: parts of an answer format that clients read.</summary>
    public static readonly string[] AlwaysVisible = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"];
}
