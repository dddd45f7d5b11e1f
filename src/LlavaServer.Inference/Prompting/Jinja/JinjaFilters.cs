using System.Collections.Frozen;
using System.Globalization;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>The filters of the language: <c>value | name(arguments)</c>.</summary>
internal static partial class JinjaFilters
{
    private static readonly FrozenDictionary<string, JinjaFilter> s_all = new Dictionary<string, JinjaFilter>
    {
        // None has no value here, as in llama.cpp; Python's Jinja would keep it.
        ["default"] = static (value, a) => value is JinjaUndefined or null || (a.Flag(1, "boolean") && !JinjaValues.IsTrue(value))
            ? a.Get(0, "default_value") is var standard && standard is JinjaUndefined ? JinjaText.Empty : standard
            : value,
        ["length"] = static (value, a) => Length(value, a),
        ["string"] = static (value, a) => JinjaValues.ToText(value, a.Budget),
        ["safe"] = static (value, a) => JinjaValues.ToText(value, a.Budget),
        ["int"] = static (value, a) => ToInteger(value is JinjaText ? Text(value, a) : value, a),
        ["float"] = static (value, a) => ToFloat(value is JinjaText ? Text(value, a) : value, a),
        ["abs"] = static (value, _) => JinjaValues.Number(value) < 0 ? JinjaArithmetic.Sign(value, isMinus: true) : value,
        ["round"] = static (value, a) => Round(value, a),
        ["tojson"] = static (value, a) => JinjaJson.Write(value, a),
        ["upper"] = static (value, a) => Text(value, a).Map(static s => s.ToUpperInvariant()),
        ["lower"] = static (value, a) => Text(value, a).Map(static s => s.ToLowerInvariant()),
        ["title"] = static (value, a) => JinjaTexts.Title(Text(value, a)),
        ["capitalize"] = static (value, a) => JinjaTexts.Capitalize(Text(value, a)),
        ["trim"] = static (value, a) => JinjaTexts.Strip(Text(value, a), a.OptionalText(0, "chars"), true, true),
        ["replace"] = static (value, a) => JinjaTexts.Replace(Text(value, a), a.Text(0, "old"), a.Text(1, "new"), a.Integer(2, "count", -1), a.Budget),
        ["indent"] = static (value, a) => JinjaTexts.Indent(Text(value, a), IndentOf(a), a.Flag(1, "first"), a.Flag(2, "blank"), a.Budget),
        ["center"] = static (value, a) => Center(Text(value, a), a),
        ["escape"] = static (value, a) => Escape(Text(value, a), a),
        ["format"] = static (value, a) => JinjaFormat.Percent(Text(value, a), new JinjaList(a.Positional, isTuple: true), a.Budget),
        ["wordcount"] = static (value, a) => (long)JinjaTexts.Split(Text(value, a), null, -1, a.Budget).Items.Count,
        ["list"] = static (value, a) => new JinjaList(JinjaValues.Items(value, a.Budget)),
        ["first"] = static (value, a) => Item(value, a, fromEnd: false),
        ["last"] = static (value, a) => Item(value, a, fromEnd: true),
        ["join"] = static (value, a) => JinjaTexts.Join(
            Attributes(Items(value, a), a.Get(1, "attribute"), a), JinjaValues.ToText(a.Get(0, "d"), a.Budget), a.Budget),
        ["reverse"] = static (value, a) => Reverse(value, a),
        ["sort"] = static (value, a) => Sort(value, a),
        ["unique"] = static (value, a) => Unique(value, a),
        ["min"] = static (value, a) => Extreme(value, a, sign: -1),
        ["max"] = static (value, a) => Extreme(value, a, sign: 1),
        ["sum"] = static (value, a) => Sum(value, a),
        ["batch"] = static (value, a) => Batch(value, a),
        ["items"] = static (value, a) => value is JinjaMap map ? new JinjaList(Counted(JinjaMethods.Pairs(map), a))
            : value is JinjaUndefined or null ? new JinjaList([])
            : throw JinjaFault.Value($"a {JinjaValues.KindOf(value)} has no items"),
        ["dictsort"] = static (value, a) => DictSort(value, a),
        ["map"] = static (value, a) => Map(value, a),
        ["select"] = static (value, a) => Select(value, a, hasAttribute: false, keeps: true),
        ["reject"] = static (value, a) => Select(value, a, hasAttribute: false, keeps: false),
        ["selectattr"] = static (value, a) => Select(value, a, hasAttribute: true, keeps: true),
        ["rejectattr"] = static (value, a) => Select(value, a, hasAttribute: true, keeps: false),
    }.ToFrozenDictionary();

    /// <summary>The filter, or null.</summary>
    public static JinjaFilter? Find(string name) => s_all.GetValueOrDefault(name switch
    {
        "d" => "default",
        "count" => "length",
        "e" => "escape",
        _ => name,
    });

    private static JinjaText Text(object? value, JinjaArguments arguments)
    {
        var text = JinjaValues.ToText(value, arguments.Budget);
        arguments.Budget.Text(text.Length);
        return text;
    }

    private static long Length(object? value, JinjaArguments arguments) => value switch
    {
        JinjaText => Text(value, arguments).Count,
        JinjaList list => list.Items.Count,
        JinjaMap map => map.Count,
        JinjaUndefined => 0,
        _ => throw JinjaFault.Value($"a {JinjaValues.KindOf(value)} has no length"),
    };

    private static object? ToInteger(object? value, JinjaArguments arguments) => value switch
    {
        long number => number,
        bool flag => flag ? 1L : 0L,
        double number when Math.Abs(number) < 9e18 => (long)number,
        JinjaText text when long.TryParse(text.Value.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
        JinjaText text when double.TryParse(text.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && Math.Abs(number) < 9e18 => (long)number,
        _ => arguments.Has(0, "default") ? arguments.Get(0, "default") : 0L,
    };

    private static object? ToFloat(object? value, JinjaArguments arguments) => value switch
    {
        long or double or bool => JinjaValues.Number(value),
        JinjaText text when double.TryParse(text.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => arguments.Has(0, "default") ? arguments.Get(0, "default") : 0.0,
    };

    private static double Round(object? value, JinjaArguments arguments)
    {
        var digits = (int)Math.Clamp(arguments.Integer(0, "precision", 0), 0, 15);
        var number = JinjaValues.Number(value);
        var scale = Math.Pow(10, digits);
        return arguments.OptionalText(1, "method")?.Value switch
        {
            "floor" => Math.Floor(number * scale) / scale,
            "ceil" => Math.Ceiling(number * scale) / scale,
            _ => Math.Round(number, digits, MidpointRounding.ToEven),
        };
    }

    private static JinjaText IndentOf(JinjaArguments arguments)
    {
        if (arguments.Get(0, "width") is JinjaText text)
        {
            return text;
        }

        var width = Math.Max(0, arguments.Integer(0, "width", 4));
        arguments.Budget.CheckLength(width);
        return JinjaText.Of(new string(' ', (int)width));
    }

    private static JinjaText Center(JinjaText text, JinjaArguments arguments)
    {
        var missing = Math.Max(0, arguments.Integer(0, "width", 80) - text.Count);
        arguments.Budget.CheckLength(missing);
        var left = (int)(missing / 2);
        return new JinjaTextBuilder(arguments.Budget).Append(new string(' ', left)).Append(text).Append(new string(' ', (int)missing - left)).ToText();
    }

    private static JinjaText Escape(JinjaText text, JinjaArguments arguments)
    {
        foreach (var (character, escaped) in new[] { ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&#34;"), ("'", "&#39;") })
        {
            text = JinjaTexts.Replace(text, JinjaText.Of(character), JinjaText.Of(escaped), -1, arguments.Budget);
        }

        return text;
    }
}
