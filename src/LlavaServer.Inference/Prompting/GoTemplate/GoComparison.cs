using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>The functions eq, ne, lt, le, gt and ge. Methods throw <see cref="JinjaFault"/>.</summary>
internal static class GoComparison
{
    private enum Kind
    {
        Other,
        Boolean,
        Float,
        Integer,
        Text,
        Unsigned,
    }

    public static bool AnyEqual(object? first, ReadOnlySpan<object?> others)
    {
        if (others.IsEmpty)
        {
            throw JinjaFault.Value("missing argument for comparison");
        }

        foreach (var other in others)
        {
            if (Equal(GoNil.Unwrap(first), GoNil.Unwrap(other)))
            {
                return true;
            }
        }

        return false;
    }

    public static bool Equal(object? one, object? other)
    {
        var (kind, otherKind) = (KindOf(one), KindOf(other));
        if (kind != otherKind)
        {
            return IsWhole(kind) && IsWhole(otherKind) ? ToLong(one) == ToLong(other)
                : one is not null && other is not null ? throw JinjaFault.Value("incompatible types for comparison")
                : false;
        }

        switch (kind)
        {
            case Kind.Boolean:
                return (bool)one! == (bool)other!;
            case Kind.Float:
                return (double)one! == (double)other!;
            case Kind.Integer or Kind.Unsigned:
                return ToLong(one) == ToLong(other);
            case Kind.Text:
                return ((JinjaText)one!).Value == ((JinjaText)other!).Value;
        }

        if (one is not null && other is not null && one.GetType() != other.GetType())
        {
            throw JinjaFault.Value($"non-comparable types {GoValues.TypeOf(one)} and {GoValues.TypeOf(other)}");
        }

        if (IsNil(one) || IsNil(other))
        {
            return IsNil(one) == IsNil(other);
        }

        return one is GoStruct { IsPointer: true } ? ReferenceEquals(one, other) : throw JinjaFault.Value($"non-comparable type {GoValues.TypeOf(one)}");
    }

    public static bool Less(object? one, object? other)
    {
        one = GoNil.Unwrap(one);
        other = GoNil.Unwrap(other);
        var (kind, otherKind) = (KindOf(one), KindOf(other));
        if (kind == Kind.Other || otherKind == Kind.Other)
        {
            throw JinjaFault.Value("invalid type for comparison");
        }

        if (kind != otherKind)
        {
            return IsWhole(kind) && IsWhole(otherKind) ? ToLong(one) < ToLong(other) : throw JinjaFault.Value("incompatible types for comparison");
        }

        return kind switch
        {
            Kind.Float => (double)one! < (double)other!,
            Kind.Text => CompareBytes(((JinjaText)one!).Value, ((JinjaText)other!).Value) < 0,
            Kind.Boolean => throw JinjaFault.Value("invalid type for comparison"),
            _ => ToLong(one) < ToLong(other),
        };
    }

    public static bool LessOrEqual(object? one, object? other) => Less(one, other) || Equal(GoNil.Unwrap(one), GoNil.Unwrap(other));

    // In UTF-8, code points are ordered as they are numbered; in UTF-16, surrogates stand before the characters from U+E000 on.
    private static int CompareBytes(string one, string other)
    {
        var common = one.AsSpan().CommonPrefixLength(other);
        if (common == one.Length || common == other.Length)
        {
            return one.Length - other.Length;
        }

        var (a, b) = (one[common], other[common]);
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a - b : char.IsSurrogate(a) ? 1 : -1;
    }

    private static bool IsWhole(Kind kind) => kind is Kind.Integer or Kind.Unsigned;

    private static bool IsNil(object? value) => value is null or GoList { IsNil: true };

    private static long ToLong(object? value) => value is byte small ? small : (long)value!;

    private static Kind KindOf(object? value) => value switch
    {
        bool => Kind.Boolean,
        double => Kind.Float,
        long => Kind.Integer,
        byte => Kind.Unsigned,
        JinjaText => Kind.Text,
        _ => Kind.Other,
    };
}
