namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>A slice: a window on items that it shares with slices of it. Immutable.</summary>
internal sealed record GoList(object?[] Items, int Start, int Count, string Type, GoShape Shape = GoShape.Plain)
{
    /// <summary>Whether it is Go's nil slice, which prints and compares otherwise than an empty one.</summary>
    public bool IsNil { get; init; }

    public int Capacity => Items.Length - Start;

    public object? this[int index] => Items[Start + index];

    public static GoList Of(object?[] items, string type, GoShape shape = GoShape.Plain) => new(items, 0, items.Length, type, shape);

    public static GoList Nil(string type, GoShape shape = GoShape.Plain) => new([], 0, 0, type, shape) { IsNil = true };
}
