namespace LlavaServer.Models.Quantization;

/// <summary>llama.cpp's order of tensors: those of no layer first, then layer by layer, each by name.</summary>
internal sealed class TensorOrder : IComparer<string>
{
    public static readonly TensorOrder Instance = new();

    public int Compare(string? x, string? y)
    {
        var byLayer = Layer(x!).CompareTo(Layer(y!));
        return byLayer != 0 ? byLayer : string.CompareOrdinal(x, y);
    }

    /// <summary>The number behind "blk.", or -1.</summary>
    public static int Layer(string name)
    {
        const string prefix = "blk.";
        if (!name.StartsWith(prefix, StringComparison.Ordinal))
        {
            return -1;
        }

        var end = name.IndexOf('.', prefix.Length);
        return end > 0 && int.TryParse(name.AsSpan(prefix.Length, end - prefix.Length), out var layer) ? layer : -1;
    }
}
