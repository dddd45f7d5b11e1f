using System.Text;

namespace LlavaServer.Inference.Scheduling;

/// <summary>
/// Bytes of tokens to whole characters: a character whose bytes are split over tokens leaves when it is complete, bytes that are no UTF-8 become
/// U+FFFD. Owned by its sequence, on the scheduler thread; allocates only for a piece longer than any before.
/// </summary>
internal sealed class Detokenizer
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _characters = new char[64];

    /// <summary>The characters that these bytes complete, valid until the next call.</summary>
    public ReadOnlySpan<char> Append(ReadOnlySpan<byte> bytes)
    {
        // Up to three bytes from before can turn out broken and take a character each.
        if (_characters.Length < bytes.Length + 4)
        {
            _characters = new char[bytes.Length * 2 + 4];
        }

        return _characters.AsSpan(0, _decoder.GetChars(bytes, _characters, flush: false));
    }

    /// <summary>Whether no part of a character waits for the rest of it.</summary>
    public bool IsWhole => _decoder.GetCharCount(ReadOnlySpan<byte>.Empty, flush: true) == 0;

    /// <summary>U+FFFD for an unfinished character, else nothing.</summary>
    public ReadOnlySpan<char> Flush() => _characters.AsSpan(0, _decoder.GetChars([], _characters, flush: true));
}
