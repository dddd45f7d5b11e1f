namespace LlavaServer.Tests.Scripted;

/// <summary>A SentencePiece vocabulary of three control tokens, all bytes and the space: every text has exactly one spelling.</summary>
internal static class ScriptedVocabulary
{
    /// <summary>In an answer: its logits are no numbers, which fails its sequence alone.</summary>
    public const int Broken = -1;

    public const int Bos = 1;
    public const int Eos = 2;
    public const int FirstByte = 3;
    public const int Space = FirstByte + 256;
    public const int Size = Space + 1;

    public static string[] Texts { get; } =
        ["<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(static value => $"<0x{value:X2}>"), "\u2581"];

    /// <summary>Kinds as in GGUF: 1 normal, 2 unknown, 3 control, 6 byte.</summary>
    public static int[] Types { get; } = [2, 3, 3, .. Enumerable.Repeat(6, 256), 1];

    /// <summary>Metadata of a model that fills gaps: the first three bytes after zero serve as its tokens.</summary>
    public static (string Key, int Token)[] Fill { get; } =
    [
        ("tokenizer.ggml.fim_pre_token_id", FirstByte + 1), ("tokenizer.ggml.fim_suf_token_id", FirstByte + 2), ("tokenizer.ggml.fim_mid_token_id", FirstByte + 3),
    ];

    /// <summary>The byte that a token stands for, or -1.</summary>
    public static int ByteOf(long token) => token switch
    {
        >= FirstByte and < Space => (int)token - FirstByte,
        Space => ' ',
        _ => -1,
    };
}
