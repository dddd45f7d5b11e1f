using System.Buffers;
using System.Text;

namespace LlavaServer.Models.Tokenization;

/// <summary>
/// Turns the bytes of one token after another into whole characters. The bytes of a character that is not complete yet are held back; bytes that can
/// never become one are replaced by U+FFFD. All output together is what decoding all input at once would give. One sequence, one thread.
/// </summary>
public sealed class Utf8Assembler
{
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();

    /// <summary>Takes the bytes of the next token.</summary>
    /// <returns>The characters that are complete now; often empty in the middle of a character.</returns>
    public string Append(ReadOnlySpan<byte> bytes) => Decode(bytes, flush: false);

    /// <summary>Ends the text.</summary>
    /// <returns>U+FFFD if a character was left unfinished, else nothing.</returns>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        var size = Encoding.UTF8.GetMaxCharCount(bytes.Length);
        var rented = size > 256 ? ArrayPool<char>.Shared.Rent(size) : null;
        var chars = rented ?? stackalloc char[256];
        var text = new string(chars[..decoder.GetChars(bytes, chars, flush)]);
        if (rented is not null)
        {
            ArrayPool<char>.Shared.Return(rented);
        }

        return text;
    }
}
