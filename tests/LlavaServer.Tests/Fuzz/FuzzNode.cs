using System.Text;
using System.Text.Json;

namespace LlavaServer.Tests.Fuzz;

/// <summary>
/// JSON as it is written, so that duplicate keys, numbers beyond all types and broken literals can be said. Immutable: a leaf has <see cref="Literal"/>, an
/// object has a key for every child, an array has children only.
/// </summary>
internal sealed record FuzzNode(string? Literal, IReadOnlyList<string>? Keys, IReadOnlyList<FuzzNode> Children)
{
    public static FuzzNode Leaf(string literal) => new(literal, null, []);

    public static FuzzNode Text(string text) => Leaf(JsonSerializer.Serialize(text));

    public static FuzzNode Array(params IReadOnlyList<FuzzNode> children) => new(null, null, children);

    public static FuzzNode Object(IReadOnlyList<string> keys, IReadOnlyList<FuzzNode> children) => new(null, keys, children);

    public static FuzzNode Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => Object([.. element.EnumerateObject().Select(static member => member.Name)], [.. element.EnumerateObject().Select(static member => Of(member.Value))]),
        JsonValueKind.Array => Array([.. element.EnumerateArray().Select(Of)]),
        _ => Leaf(element.GetRawText()),
    };

    /// <summary>This object with one more member, also when it has one of that name.</summary>
    public FuzzNode With(string key, FuzzNode value) => Object([.. Keys!, key], [.. Children, value]);

    public FuzzNode Replace(int child, FuzzNode value) => this with { Children = [.. Children.Take(child), value, .. Children.Skip(child + 1)] };

    /// <summary>Without the children from one place to another.</summary>
    public FuzzNode Without(int from, int count) => this with
    {
        Keys = Keys is null ? null : [.. Keys.Take(from), .. Keys.Skip(from + count)],
        Children = [.. Children.Take(from), .. Children.Skip(from + count)],
    };

    /// <summary>Smaller forms of this: halves of the children left out, then the same within each child.</summary>
    public IEnumerable<FuzzNode> Smaller()
    {
        var half = (Children.Count + 1) / 2;
        for (var from = 0; from < Children.Count; from += half)
        {
            yield return Without(from, Math.Min(half, Children.Count - from));
        }

        for (var i = 0; i < Children.Count; i++)
        {
            foreach (var smaller in Children[i].Smaller())
            {
                yield return Replace(i, smaller);
            }
        }
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        Write(text);
        return text.ToString();
    }

    private void Write(StringBuilder text)
    {
        if (Literal is not null)
        {
            text.Append(Literal);
            return;
        }

        text.Append(Keys is null ? '[' : '{');
        for (var i = 0; i < Children.Count; i++)
        {
            text.Append(i > 0 ? "," : "");
            if (Keys is not null)
            {
                text.Append(JsonSerializer.Serialize(Keys[i])).Append(':');
            }

            Children[i].Write(text);
        }

        text.Append(Keys is null ? ']' : '}');
    }
}
