namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>What a function, filter or test is called with, besides the value it works on.</summary>
internal sealed class JinjaArguments(JinjaEvaluator evaluator, List<object?> positional, List<KeyValuePair<string, object?>> named)
{
    public JinjaEvaluator Evaluator { get; } = evaluator;

    public JinjaBudget Budget => Evaluator.Budget;

    public List<object?> Positional { get; } = positional;

    public List<KeyValuePair<string, object?>> Named { get; } = named;

    /// <summary>By place or by name; undefined if it is not there.</summary>
    public object? Get(int index, string name)
    {
        if (index >= 0 && index < Positional.Count)
        {
            return Positional[index];
        }

        foreach (var (key, value) in Named)
        {
            if (key == name)
            {
                return value;
            }
        }

        return JinjaUndefined.Instance;
    }

    public bool Has(int index, string name) => Get(index, name) is not JinjaUndefined;

    public object? Require(int index, string name)
    {
        var value = Get(index, name);
        return value is JinjaUndefined ? throw JinjaFault.Value($"the argument '{name}' is missing") : value;
    }

    public JinjaText Text(int index, string name) =>
        Require(index, name) as JinjaText ?? throw JinjaFault.Value($"the argument '{name}' must be a string");

    public JinjaText? OptionalText(int index, string name) => Get(index, name) switch
    {
        JinjaUndefined or null => null,
        JinjaText text => text,
        _ => throw JinjaFault.Value($"the argument '{name}' must be a string"),
    };

    public long Integer(int index, string name, long fallback) => Get(index, name) switch
    {
        JinjaUndefined or null => fallback,
        long number => number,
        bool flag => flag ? 1 : 0,
        _ => throw JinjaFault.Value($"the argument '{name}' must be an integer"),
    };

    public bool Flag(int index, string name, bool fallback = false) =>
        Get(index, name) is var value && value is JinjaUndefined ? fallback : JinjaValues.IsTrue(value);

    /// <summary>The arguments behind the first <paramref name="count"/> ones.</summary>
    public JinjaArguments Skip(int count) => new(Evaluator, Positional.GetRange(count, Positional.Count - count), Named);
}
