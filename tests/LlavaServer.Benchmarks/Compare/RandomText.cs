using System.Text;

namespace LlavaServer.Benchmarks.Compare;

/// <summary>Text that no prefix cache has seen.</summary>
internal static class RandomText
{
    public static string Words(Random random, int count)
    {
        var text = new StringBuilder();
        for (var word = 0; word < count; word++)
        {
            text.Append(word == 0 ? "" : " ");
            for (var letter = random.Next(2, 7); letter > 0; letter--)
            {
                text.Append((char)('a' + random.Next(26)));
            }
        }

        return text.ToString();
    }
}
