using System.Globalization;
using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>Functions of the language and of Ollama, but for those that do not evaluate all arguments. Methods throw <see cref="JinjaFault"/>.</summary>
internal static class GoFunctions
{
    private const string Date = "yyyy-MM-dd";

    // Number of arguments at least and at most.
    private static readonly Dictionary<string, (int Least, int Most)> s_arguments = new(StringComparer.Ordinal)
    {
        ["and"] = (1, int.MaxValue),
        ["or"] = (1, int.MaxValue),
        ["not"] = (1, 1),
        ["len"] = (1, 1),
        ["index"] = (1, int.MaxValue),
        ["slice"] = (1, int.MaxValue),
        ["print"] = (0, int.MaxValue),
        ["printf"] = (1, int.MaxValue),
        ["println"] = (0, int.MaxValue),
        ["html"] = (0, int.MaxValue),
        ["js"] = (0, int.MaxValue),
        ["urlquery"] = (0, int.MaxValue),
        ["call"] = (1, int.MaxValue),
        ["eq"] = (1, int.MaxValue),
        ["ne"] = (2, 2),
        ["lt"] = (2, 2),
        ["le"] = (2, 2),
        ["gt"] = (2, 2),
        ["ge"] = (2, 2),
        ["json"] = (1, 1),
        ["currentDate"] = (0, int.MaxValue),
        ["yesterdayDate"] = (0, int.MaxValue),
        ["toTypeScriptType"] = (1, 1),
    };

    public static bool Knows(string name) => s_arguments.ContainsKey(name);

    /// <summary>Refuses a wrong number of arguments.</summary>
    public static void CheckCount(string name, int count)
    {
        var (least, most) = s_arguments[name];
        if (count < least || count > most)
        {
            throw JinjaFault.Value($"wrong number of args for {name}: want {(most == int.MaxValue ? "at least " : "")}{least} got {count}");
        }
    }

    /// <summary>Calls a function whose arguments were counted.</summary>
    public static object? Call(string name, object?[] arguments, DateTimeOffset now, JinjaBudget budget)
    {
        JinjaText Joined() => arguments is [JinjaText text] ? text
            : GoPrinter.Joined(Array.ConvertAll(arguments, a => a is null or GoNil ? JinjaText.Of("<no value>") : a is GoStruct { IsPointer: true } ? GoPrinter.Text(a, budget) : a), budget);

        return name switch
        {
            "not" => !GoValues.Truth(arguments[0]),
            "len" => Length(arguments[0]),
            "index" => Index(arguments, budget),
            "slice" => Slice(arguments, budget),
            "print" => GoPrinter.Joined(arguments, budget),
            "println" => GoPrinter.Line(arguments, budget),
            "printf" => GoFormat.Format(TextOf(arguments[0]), arguments.AsSpan(1), budget),
            "html" => GoEscapes.Html(Joined(), budget),
            "js" => GoEscapes.Script(Joined(), budget),
            "urlquery" => GoEscapes.UrlQuery(Joined(), budget),
            "eq" => GoComparison.AnyEqual(arguments[0], arguments.AsSpan(1)),
            "ne" => !GoComparison.AnyEqual(arguments[0], arguments.AsSpan(1)),
            "lt" => GoComparison.Less(arguments[0], arguments[1]),
            "le" => GoComparison.LessOrEqual(arguments[0], arguments[1]),
            "gt" => !GoComparison.LessOrEqual(arguments[0], arguments[1]),
            "ge" => !GoComparison.Less(arguments[0], arguments[1]),
            "json" => GoJson.Write(arguments[0], budget),
            "currentDate" => OnDay(now, arguments),
            "yesterdayDate" => OnDay(now.AddDays(-1), arguments),
            "toTypeScriptType" => TypeScript(arguments[0], budget),
            _ => throw JinjaFault.Value(arguments[0] is null or GoNil ? "call of nil" : $"call of a value that is no function, of type {GoValues.TypeOf(arguments[0])}"),
        };
    }

    /// <summary>The TypeScript type of a tool's property; <c>any</c> of everything else.</summary>
    public static JinjaText TypeScript(object? value, JinjaBudget budget)
    {
        budget.Steps();
        if (value is not GoStruct { Shape: GoShape.Property } property)
        {
            return JinjaText.Of("any");
        }

        var output = new JinjaTextBuilder(budget);
        var any = (GoList)property.Find("AnyOf")!.Value!;
        var types = (GoList)property.Find("Type")!.Value!;
        for (var i = 0; i < any.Count; i++)
        {
            output.Append(i > 0 ? " | " : "").Append(TypeScript(any[i], budget));
        }

        for (var i = 0; i < types.Count && any.Count == 0; i++)
        {
            output.Append(i > 0 ? " | " : "").Append(((JinjaText)types[i]!).Value switch
            {
                "string" => "string",
                "number" or "integer" => "number",
                "boolean" => "boolean",
                "array" => "any[]",
                "object" => "Record<string, any>",
                "null" => "null",
                _ => "any",
            });
        }

        return output.Length > 0 ? output.ToText() : JinjaText.Of("any");
    }

    private static JinjaText TextOf(object? value) => value as JinjaText ?? throw JinjaFault.Value(
        value is null or GoNil ? "invalid value; expected string" : $"wrong type for value; expected string; got {GoValues.TypeOf(value)}");

    private static JinjaText OnDay(DateTimeOffset day, object?[] arguments)
    {
        Array.ForEach(arguments, static a => TextOf(a));
        return JinjaText.Of(day.ToString(Date, CultureInfo.InvariantCulture));
    }

    private static long Length(object? value) => value switch
    {
        JinjaText text => GoValues.Bytes(text),
        GoList list => list.Count,
        GoMap map => map.Entries.Count,
        null or GoNil => throw JinjaFault.Value("error calling len: len of nil pointer"),
        _ => throw JinjaFault.Value($"error calling len: len of type {GoValues.TypeOf(value)}"),
    };

    private static object? Index(object?[] arguments, JinjaBudget budget)
    {
        var item = GoNil.Unwrap(arguments[0]);
        if (item is null)
        {
            throw JinjaFault.Value("error calling index: index of untyped nil");
        }

        for (var i = 1; i < arguments.Length; i++)
        {
            var index = GoNil.Unwrap(arguments[i]);
            item = item switch
            {
                GoList list => list[(int)Place(index, list.Count, isSlice: false)],
                JinjaText text => ByteAt(text, (int)Place(index, GoValues.Bytes(text), isSlice: false), budget),
                GoMap map when index is JinjaText key => map.TryGet(key.Value, out var value) ? value : map.Missing,
                GoMap => throw JinjaFault.Value(index is null
                    ? "error calling index: value is nil; should be of type string"
                    : $"error calling index: value has type {GoValues.TypeOf(index)}; should be string"),
                null or GoNil => throw JinjaFault.Value("error calling index: index of nil pointer"),
                _ => throw JinjaFault.Value($"error calling index: can't index item of type {GoValues.TypeOf(item)}"),
            };
        }

        return item;
    }

    private static byte ByteAt(JinjaText text, int index, JinjaBudget budget)
    {
        budget.Text(text.Length);
        return System.Text.Encoding.UTF8.GetBytes(text.Value)[index];
    }

    private static object? Slice(object?[] arguments, JinjaBudget budget)
    {
        var item = GoNil.Unwrap(arguments[0]) ?? throw JinjaFault.Value("error calling slice: slice of untyped nil");
        if (arguments.Length > 4)
        {
            throw JinjaFault.Value($"error calling slice: too many slice indexes: {arguments.Length - 1}");
        }

        if (item is JinjaText && arguments.Length == 4)
        {
            throw JinjaFault.Value("error calling slice: cannot 3-index slice a string");
        }

        var (count, capacity) = item switch
        {
            JinjaText text => (GoValues.Bytes(text), GoValues.Bytes(text)),
            GoList list => (list.Count, list.Capacity),
            _ => throw JinjaFault.Value($"error calling slice: can't slice item of type {GoValues.TypeOf(item)}"),
        };
        long[] places = [0, count, capacity];
        for (var i = 1; i < arguments.Length; i++)
        {
            places[i - 1] = Place(GoNil.Unwrap(arguments[i]), capacity, isSlice: true);
        }

        for (var i = 1; i < Math.Max(2, arguments.Length - 1); i++)
        {
            if (places[i - 1] > places[i])
            {
                throw JinjaFault.Value($"error calling slice: invalid slice index: {places[i - 1]} > {places[i]}");
            }
        }

        var (from, to) = ((int)places[0], (int)places[1]);
        return item switch
        {
            GoList whole => whole with { Start = whole.Start + from, Count = to - from },
            JinjaText text => GoValues.Slice(text, from, to, budget),
            _ => null,
        };
    }

    private static long Place(object? index, int count, bool isSlice)
    {
        var place = index switch
        {
            long number => number,
            byte number => number,
            null => throw JinjaFault.Value("cannot index slice/array with nil"),
            _ => throw JinjaFault.Value($"cannot index slice/array with type {GoValues.TypeOf(index)}"),
        };
        return place >= 0 && (isSlice ? place <= count : place < count) ? place : throw JinjaFault.Value($"index out of range: {place}");
    }
}
