using System.Collections.Frozen;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>The tests of the language: <c>value is name</c>.</summary>
internal static class JinjaTests
{
    private static readonly FrozenDictionary<string, JinjaFilter> s_all = new Dictionary<string, JinjaFilter>
    {
        ["defined"] = static (value, _) => value is not JinjaUndefined,
        ["undefined"] = static (value, _) => value is JinjaUndefined,
        ["none"] = static (value, _) => value is null,
        ["boolean"] = static (value, _) => value is bool,
        ["true"] = static (value, _) => value is true,
        ["false"] = static (value, _) => value is false,
        ["integer"] = static (value, _) => value is long,
        ["float"] = static (value, _) => value is double,
        ["number"] = static (value, _) => value is long or double or bool,
        ["string"] = static (value, _) => value is JinjaText,
        ["mapping"] = static (value, _) => value is JinjaMap { IsNamespace: false },
        ["sequence"] = static (value, _) => value is JinjaText or JinjaList or JinjaMap { IsNamespace: false } or JinjaUndefined,
        ["iterable"] = static (value, _) => value is JinjaText or JinjaList or JinjaMap { IsNamespace: false } or JinjaUndefined,
        ["callable"] = static (value, _) => value is JinjaFunction,
        ["odd"] = static (value, _) => JinjaValues.Integer(value) % 2 != 0,
        ["even"] = static (value, _) => JinjaValues.Integer(value) % 2 == 0,
        ["divisibleby"] = static (value, a) => a.Integer(0, "num", 0) is var number && number != 0
            ? number == -1 || JinjaValues.Integer(value) % number == 0
            : throw JinjaFault.Value("division by zero"),
        ["lower"] = static (value, a) => Text(value, a) is var text && text.Any(char.IsLower) && !text.Any(char.IsUpper),
        ["upper"] = static (value, a) => Text(value, a) is var text && text.Any(char.IsUpper) && !text.Any(char.IsLower),
        ["eq"] = static (value, a) => JinjaValues.AreEqual(value, a.Get(0, "other"), a.Budget),
        ["ne"] = static (value, a) => !JinjaValues.AreEqual(value, a.Get(0, "other"), a.Budget),
        ["lt"] = static (value, a) => JinjaValues.Compare(value, a.Get(0, "other"), a.Budget) < 0,
        ["le"] = static (value, a) => JinjaValues.Compare(value, a.Get(0, "other"), a.Budget) <= 0,
        ["gt"] = static (value, a) => JinjaValues.Compare(value, a.Get(0, "other"), a.Budget) > 0,
        ["ge"] = static (value, a) => JinjaValues.Compare(value, a.Get(0, "other"), a.Budget) >= 0,
        ["in"] = static (value, a) => JinjaValues.Contains(a.Get(0, "seq"), value, a.Budget),
        ["sameas"] = static (value, a) => ReferenceEquals(value, a.Get(0, "other")) || (value is bool or long && Equals(value, a.Get(0, "other"))),
        ["escaped"] = static (_, _) => false,
        ["filter"] = static (value, _) => value is JinjaText name && JinjaFilters.Find(name.Value) is not null,
        ["test"] = static (value, _) => value is JinjaText name && Find(name.Value) is not null,
    }.ToFrozenDictionary();

    private static string Text(object? value, JinjaArguments arguments)
    {
        var text = JinjaValues.ToText(value, arguments.Budget);
        arguments.Budget.Text(text.Length);
        return text.Value;
    }

    /// <summary>The test, or null.</summary>
    public static JinjaFilter? Find(string name) => s_all.GetValueOrDefault(name switch
    {
        "equalto" or "==" => "eq",
        "!=" => "ne",
        "lessthan" or "<" => "lt",
        "<=" => "le",
        "greaterthan" or ">" => "gt",
        ">=" => "ge",
        _ => name,
    });
}
