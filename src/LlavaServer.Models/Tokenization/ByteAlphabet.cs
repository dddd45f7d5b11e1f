using System.Text;

namespace LlavaServer.Models.Tokenization;

/// <summary>
/// GPT-2's alphabet: every byte has a printable character, so that a vocabulary of byte strings can be written as text (Radford et al. 2019,
/// encoder.py). Printable Latin-1 bytes are themselves; the 68 others are U+0100 upward in byte order.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Chars = BuildChars();
    private static readonly short[] Bytes = BuildBytes();

    public static char ToChar(byte value) => Chars[value];

    /// <summary>The bytes of a token text; a character outside the alphabet stands for itself.</summary>
    public static byte[] Decode(string text)
    {
        var bytes = new List<byte>(text.Length);
        Span<byte> buffer = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value < Bytes.Length && Bytes[rune.Value] >= 0)
            {
                bytes.Add((byte)Bytes[rune.Value]);
            }
            else
            {
                bytes.AddRange(buffer[..rune.EncodeToUtf8(buffer)]);
            }
        }

        return [.. bytes];
    }

    private static char[] BuildChars()
    {
        var chars = new char[256];
        var next = '\u0100';
        for (var value = 0; value < chars.Length; value++)
        {
            chars[value] = value is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174 ? (char)value : next++;
        }

        return chars;
    }

    private static short[] BuildBytes()
    {
        var bytes = new short[Chars.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (var value = 0; value < Chars.Length; value++)
        {
            bytes[Chars[value]] = (short)value;
        }

        return bytes;
    }
}
