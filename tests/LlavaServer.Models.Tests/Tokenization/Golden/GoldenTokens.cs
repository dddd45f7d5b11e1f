using System.IO.Compression;

namespace LlavaServer.Models.Tests.Tokenization.Golden;

/// <summary>
/// The recorded token ids: for every text and every variant the ids in three modes (see <see cref="Modes"/>). On disk: Brotli over variable-length
/// integers; a list that occurred before with the same text is a back reference.
/// </summary>
internal static class GoldenTokens
{
    /// <summary>(add_special, parse_special)</summary>
    public static readonly (bool AddSpecial, bool ParseSpecial)[] Modes = [(false, false), (false, true), (true, true)];

    public static string FileName => Path.Combine(AppContext.BaseDirectory, "Tokenization", "Golden", "golden-tokens.br");

    public static void Write(Stream stream, IEnumerable<int[][]> texts)
    {
        using var brotli = new BrotliStream(stream, new BrotliCompressionOptions { Quality = 11 });
        using var writer = new BinaryWriter(brotli);
        foreach (var lists in texts)
        {
            for (var i = 0; i < lists.Length; i++)
            {
                var same = Array.FindIndex(lists, 0, i, list => list.AsSpan().SequenceEqual(lists[i]));
                writer.Write7BitEncodedInt(same + 1);
                if (same < 0)
                {
                    writer.Write7BitEncodedInt(lists[i].Length);
                    Array.ForEach(lists[i], writer.Write7BitEncodedInt);
                }
            }
        }
    }

    public static IEnumerable<int[][]> Read(int textCount, int listCount)
    {
        using var stream = File.OpenRead(FileName);
        using var reader = new BinaryReader(new BrotliStream(stream, CompressionMode.Decompress));
        for (var text = 0; text < textCount; text++)
        {
            var lists = new int[listCount][];
            for (var i = 0; i < listCount; i++)
            {
                var same = reader.Read7BitEncodedInt() - 1;
                lists[i] = same >= 0 ? lists[same] : new int[reader.Read7BitEncodedInt()];
                for (var k = 0; same < 0 && k < lists[i].Length; k++)
                {
                    lists[i][k] = reader.Read7BitEncodedInt();
                }
            }

            yield return lists;
        }
    }
}
