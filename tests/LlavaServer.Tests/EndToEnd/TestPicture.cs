namespace LlavaServer.Tests.EndToEnd;

/// <summary>A picture drawn with another program than ours, and what is on it. How they were made stands in Pictures/README.md.</summary>
public sealed record TestPicture(string FileName, string MediaType, string Color, string Shape)
{
    /// <summary>One object each, in the five formats.</summary>
    public static IReadOnlyList<TestPicture> Single { get; } =
    [
        new("red-circle.png", "image/png", "red", "circle"),
        new("blue-square.jpg", "image/jpeg", "blue", "square"),
        new("green-triangle.webp", "image/webp", "green", "triangle"),
        new("yellow-star.gif", "image/gif", "yellow", "star"),
        new("purple-heart.bmp", "image/bmp", "purple", "heart"),
    ];

    /// <summary>For theories: the place in <see cref="Single"/>.</summary>
    public static TheoryData<int> Places => [.. Enumerable.Range(0, Single.Count)];

    public static TestPicture RedCircle => Single[0];

    /// <summary>An orange circle on the left of a black square.</summary>
    public static TestPicture CircleAndSquare { get; } = new("circle-and-square.png", "image/png", "orange", "circle");

    /// <summary>Ends in the middle of its pixels.</summary>
    public static TestPicture Truncated { get; } = new("truncated.png", "image/png", "", "");

    public static string Folder => Path.Combine(AppContext.BaseDirectory, "EndToEnd", "Pictures");

    public byte[] Bytes => File.ReadAllBytes(Path.Combine(Folder, FileName));

    public string Base64 => Convert.ToBase64String(Bytes);

    public string DataUrl => $"data:{MediaType};base64,{Base64}";
}
