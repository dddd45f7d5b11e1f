namespace LlavaServer.Training.Drawing;

/// <summary>The closed list of words that pictures show; numbers from 0 to 999 come on top.</summary>
public static class Lexicon
{
    public static IReadOnlyList<string> Words { get; } =
    [
        "STOP", "GO", "OPEN", "EXIT", "SALE", "HELLO", "YES", "NO", "CAT", "DOG", "SUN", "MOON", "TREE", "FISH", "BIRD", "CAR", "BUS", "TAXI",
        "CAFE", "MILK", "TEA", "HOT", "COLD", "UP", "DOWN", "WEST", "EAST", "LOVE", "HOME", "BOOK", "FIRE", "ICE", "KEY", "MAP", "NEW", "FREE",
        "PARK", "SHOP", "CITY", "WORLD",
    ];

    /// <summary>A word, or (a third of the time) a number that favours few digits.</summary>
    public static string Draw(Random random) => random.Next(9) switch
    {
        < 6 => Words[random.Next(Words.Count)],
        < 8 => random.Next(10, 100).ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => random.Next(3) == 0
            ? random.Next(100, 1000).ToString(System.Globalization.CultureInfo.InvariantCulture)
            : random.Next(10).ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}
