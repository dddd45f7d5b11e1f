using System.Globalization;
using System.Text.RegularExpressions;

namespace LlavaServer.Tests.Metrics;

/// <summary>
/// Prometheus text exposition format 0.0.4, read strictly: help and type stand before the samples of a metric, names and labels are well formed, samples
/// of a metric stand together and are unique, buckets of histograms grow and end with +Inf. What is wrong fails the test.
/// </summary>
internal sealed partial class PrometheusText
{
    private readonly bool _isAlone;
    private readonly Dictionary<string, double> _samples = [];

    /// <param name="text">What was read.</param>
    /// <param name="isAlone">No other server is or was in the process: what .NET counts for one that ended may still stand beside what it counts for the next.</param>
    public PrometheusText(string text, bool isAlone = true)
    {
        _isAlone = isAlone;
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', text);
        var family = "";
        foreach (var line in text[..^1].Split('\n'))
        {
            if (Comment().Match(line) is { Success: true } comment)
            {
                var name = comment.Groups["name"].Value;
                if (comment.Groups["kind"].Value == "HELP")
                {
                    Assert.True(Help.TryAdd(name, comment.Groups["rest"].Value), $"help of {name} twice");
                }
                else
                {
                    Assert.Contains(comment.Groups["rest"].Value, new[] { "counter", "gauge", "histogram" });
                    Assert.True(Types.TryAdd(name, comment.Groups["rest"].Value), $"type of {name} twice, or its samples are not together");
                    family = name;
                }

                continue;
            }

            if (!line.StartsWith('#'))
            {
                AddSample(line, family);
            }
        }

        foreach (var name in Types.Where(static type => type.Value == "histogram").Select(static type => type.Key))
        {
            CheckBuckets(name);
        }
    }

    public Dictionary<string, string> Types { get; } = [];

    public Dictionary<string, string> Help { get; } = [];

    /// <summary>Names of the labels of all samples.</summary>
    public HashSet<string> Labels { get; } = [];

    public IEnumerable<string> Samples => _samples.Keys;

    /// <summary>Sum of the samples with this name whose labels hold all these texts.</summary>
    public double Sum(string name, params string[] labels)
    {
        var found = _samples.Where(s => (s.Key == name || s.Key.StartsWith(name + "{", StringComparison.Ordinal)) && labels.All(l => s.Key.Contains(l, StringComparison.Ordinal))).ToList();
        Assert.True(found.Count > 0, $"no sample {name} with {string.Join(", ", labels)}");
        return found.Sum(static s => s.Value);
    }

    private void AddSample(string line, string family)
    {
        var match = Sample().Match(line);
        Assert.True(match.Success, $"no sample: {line}");
        var name = match.Groups["name"].Value;
        var isOfFamily = name == family || (Types.GetValueOrDefault(family) == "histogram" && name[..Math.Min(family.Length, name.Length)] == family && name[family.Length..] is "_bucket" or "_sum" or "_count");
        Assert.True(isOfFamily, $"{name} stands among the samples of {family}");
        var labels = Label().Matches(match.Groups["labels"].Value);
        Assert.Equal(match.Groups["labels"].Value.Length, labels.Sum(static l => l.Length));
        Assert.Equal(labels.Count, labels.Select(static l => l.Groups["key"].Value).Distinct().Count());
        Labels.UnionWith(labels.Select(static l => l.Groups["key"].Value));
        var value = match.Groups["value"].Value switch
        {
            "+Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            var number => double.Parse(number, CultureInfo.InvariantCulture),
        };
        Assert.True(Types[family] != "counter" || value >= 0, $"{name} is negative");
        Assert.True(_samples.TryAdd($"{name}{{{match.Groups["labels"].Value}}}", value) || !_isAlone, $"{line} twice");
    }

    private void CheckBuckets(string name)
    {
        var series = _samples.Where(s => s.Key.StartsWith(name + "_bucket{", StringComparison.Ordinal)).GroupBy(s => Bound().Replace(s.Key, ""));
        foreach (var buckets in series)
        {
            Assert.Contains("le=\"+Inf\"", buckets.Last().Key, StringComparison.Ordinal);
            Assert.Equal(buckets.Select(static b => b.Value).Order(), buckets.Select(static b => b.Value));
        }
    }

    [GeneratedRegex("^# (?<kind>HELP|TYPE) (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<rest>.+)$")]
    private static partial Regex Comment();

    [GeneratedRegex("^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(?<labels>.*)\\})? (?<value>\\+Inf|-Inf|NaN|[-+0-9.eE]+)(?: [0-9]+)?$")]
    private static partial Regex Sample();

    [GeneratedRegex("(?<key>[a-zA-Z_][a-zA-Z0-9_]*)=\"(?<text>(?:[^\"\\\\\\n]|\\\\[\\\\\"n])*)\",?")]
    private static partial Regex Label();

    [GeneratedRegex(",?le=\"[^\"]*\"")]
    private static partial Regex Bound();
}
