namespace LlavaServer.Training.Drawing;

/// <summary>The closed list of words that pictures show; numbers from 0 to 99 come on top.</summary>
public static class Lexicon
{
    public static IReadOnlyList<string> Words { get; } =
    [
        "STOP", "GO", "OPEN", "EXIT", "SALE", "HELLO", "YES", "NO", "CAT", "DOG", "SUN", "MOON", "TREE", "FISH", "CAR", "BUS", "TEA", "HOT",
        "LOVE", "HOME",
    ];

    /// <summary>A word, or (a third of the time) a number.</summary>
    public static string Draw(Random random) => random.Next(9) switch
    {
        < 6 => Words[random.Next(Words.Count)],
        < 8 => random.Next(10, 100).ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => random.Next(10).ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}
