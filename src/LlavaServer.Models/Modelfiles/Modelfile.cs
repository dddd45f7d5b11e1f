using System.Text;

namespace LlavaServer.Models.Modelfiles;

/// <summary>
/// What a model is to be made of, in the language that Ollama's <c>create</c> reads and its <c>show</c> prints. Immutable; what <see cref="ToString"/> writes,
/// <see cref="Parse(ReadOnlySpan{byte})"/> reads as the same instructions.
/// </summary>
public sealed class Modelfile(IReadOnlyList<ModelfileInstruction> instructions)
{
    /// <summary>Bytes of a file at most: texts and licenses, not weights.</summary>
    public const int MaxBytes = 16 << 20;

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<ModelfileInstruction> Instructions => instructions;

    /// <summary>The texts of all instructions of a kind.</summary>
    public IEnumerable<string> Values(ModelfileInstructionKind kind) => instructions.Where(instruction => instruction.Kind == kind).Select(static instruction => instruction.Value);

    /// <summary>The text of the last instruction of a kind, or null.</summary>
    public string? Last(ModelfileInstructionKind kind) => Values(kind).LastOrDefault();

    /// <summary>Reads a file: UTF-8, with or without a byte order mark, or UTF-16 with one.</summary>
    /// <exception cref="ModelfileException">It breaks a rule; the message names the line.</exception>
    public static Modelfile Parse(ReadOnlySpan<byte> file)
    {
        if (file.Length > MaxBytes)
        {
            throw new ModelfileException($"the Modelfile has {file.Length} bytes, more than {MaxBytes}");
        }

        try
        {
            return Parse(file switch
            {
                [0xFF, 0xFE, .. var text] => new UnicodeEncoding(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true).GetString(text),
                [0xFE, 0xFF, .. var text] => new UnicodeEncoding(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true).GetString(text),
                [0xEF, 0xBB, 0xBF, .. var text] => s_utf8.GetString(text),
                _ => s_utf8.GetString(file),
            });
        }
        catch (DecoderFallbackException)
        {
            throw new ModelfileException("the Modelfile is neither UTF-8 nor UTF-16 with a byte order mark");
        }
    }

    /// <summary>Reads the text of a file.</summary>
    /// <exception cref="ModelfileException">It breaks a rule; the message names the line.</exception>
    public static Modelfile Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var instructions = new ModelfileReader(text).ReadAll();
        return instructions.Exists(static instruction => instruction.Kind == ModelfileInstructionKind.From)
            ? new Modelfile(instructions)
            : throw new ModelfileException("no FROM line");
    }

    /// <summary>A line for each instruction, more for texts of several lines.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var instruction in instructions)
        {
            ModelfileWriter.Append(text, instruction);
        }

        return text.ToString();
    }
}
