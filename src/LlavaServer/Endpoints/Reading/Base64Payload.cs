using System.Buffers;
using System.Buffers.Text;

namespace LlavaServer.Endpoints.Reading;

/// <summary>
/// Base64 as clients send it: with or without line breaks and padding, in either alphabet, percent-encoded. Works on UTF-8 bytes; allocates the result
/// and, only for the unusual spellings, one pooled copy.
/// </summary>
internal static class Base64Payload
{
    /// <summary>Bytes that the text can decode to at most, without looking at it.</summary>
    public static long MaxDecodedBytes(int textBytes) => textBytes / 4 * 3L + 3;

    /// <summary>False for a text that is not base64; an empty result for an empty text.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, out byte[] bytes)
    {
        if (TryDecodePlain(text, out bytes))
        {
            return true;
        }

        var normalised = ArrayPool<byte>.Shared.Rent(text.Length + 4);
        try
        {
            return TryNormalise(text, normalised, out var length) && TryDecodePlain(normalised.AsSpan(0, length), out bytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(normalised);
        }
    }

    private static bool TryDecodePlain(ReadOnlySpan<byte> text, out byte[] bytes)
    {
        // The common text has no white space, so that the length is exact and the array is the result.
        var padding = text is [.., (byte)'=', (byte)'='] ? 2 : text is [.., (byte)'='] ? 1 : 0;
        var size = Math.Max(0, text.Length / 4 * 3 - padding);
        var target = GC.AllocateUninitializedArray<byte>(size);
        var status = Base64.DecodeFromUtf8(text, target, out var consumed, out var written);
        if (status == OperationStatus.DestinationTooSmall)
        {
            // Cannot happen without white space, and with it the text decodes to less than its length says.
            bytes = [];
            return false;
        }

        bytes = written == size ? target : target[..written];
        return status == OperationStatus.Done && consumed == text.Length;
    }

    private static bool TryNormalise(ReadOnlySpan<byte> text, Span<byte> target, out int length)
    {
        length = 0;
        var padding = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '%')
            {
                if (i + 2 >= text.Length || !char.IsAsciiHexDigit((char)text[i + 1]) || !char.IsAsciiHexDigit((char)text[i + 2]))
                {
                    return false;
                }

                c = (byte)((Hex(text[i + 1]) << 4) | Hex(text[i + 2]));
                i += 2;
            }

            switch (c)
            {
                case (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)'\f' or (byte)'\v':
                    continue;
                case (byte)'=':
                    padding++;
                    continue;
                case (byte)'-':
                    c = (byte)'+';
                    break;
                case (byte)'_':
                    c = (byte)'/';
                    break;
            }

            if (padding > 0)
            {
                return false;
            }

            target[length++] = c;
        }

        if (padding > 2 || length % 4 == 1)
        {
            return false;
        }

        while (length % 4 != 0)
        {
            target[length++] = (byte)'=';
        }

        return true;
    }

    private static int Hex(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
