using System.Text.Json;

namespace LlavaServer.Cli.Eval.Asking;

/// <summary>One question of a set, as it is asked and as its answer is recorded. Immutable.</summary>
internal sealed record EvalQuestion
{
    /// <summary>As the question file spells it, number or string; several questions of a set may share one (MME, TextVQA).</summary>
    public required JsonElement Id { get; init; }

    /// <summary>What the model is asked, without the picture.</summary>
    public required string Text { get; init; }

    /// <summary>What the answer file records as the prompt: LLaVA's scripts leave some suffixes out and mark pictures in others.</summary>
    public required string Prompt { get; init; }

    /// <summary>The picture as the question file names it, or null for a question without one.</summary>
    public string? PictureName { get; init; }

    /// <summary>The picture's file; null also where no folder of pictures was named, which only scoring allows.</summary>
    public string? PicturePath { get; init; }

    /// <summary>The picture itself where the set carries it (MMBench); read when the question is asked.</summary>
    public Func<byte[]>? PictureBytes { get; init; }

    public string? Category { get; init; }

    /// <summary>Which rotation of the options this is, counted from 0; null in sets without rotations.</summary>
    public int? Round { get; init; }

    /// <summary>The options in the order in which they are shown, first is A; null in sets without options.</summary>
    public IReadOnlyList<string>? Options { get; init; }

    /// <summary>The letters that the shown options have in the set's own order.</summary>
    public IReadOnlyList<string>? OptionLetters { get; init; }

    /// <summary>The id without its spelling: 7 and "7" are the same question.</summary>
    public string IdText => TextOf(Id);

    public static string TextOf(JsonElement id) => id.ValueKind == JsonValueKind.String ? id.GetString()! : id.GetRawText();
}
