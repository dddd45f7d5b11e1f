using System.Text.Json;
using System.Text.RegularExpressions;

namespace LlavaServer.Tests.Deployment;

/// <summary>One stage of the <c>Dockerfile</c>: its base as written, and its instructions in order.</summary>
internal sealed partial record ImageStage(string Name, string Base, string Platform, List<(string Word, string Text)> Lines)
{
    /// <summary>What follows an instruction that comes once.</summary>
    public string Only(string word) => Assert.Single(Lines, line => line.Word == word).Text;

    public IEnumerable<string> All(string word) => Lines.Where(line => line.Word == word).Select(static line => line.Text);

    /// <summary>Variables that the image sets.</summary>
    public Dictionary<string, string> Environment => Pairs("ENV");

    public Dictionary<string, string> Labels => Pairs("LABEL");

    /// <summary>An instruction in exec form, as words.</summary>
    public string[] Exec(string word) => JsonSerializer.Deserialize<string[]>(Only(word))!;

    private Dictionary<string, string> Pairs(string word) =>
        All(word).SelectMany(static rest => Pair().Matches(rest)).ToDictionary(static pair => pair.Groups["key"].Value, static pair => pair.Groups["value"].Value.Trim('"'));

    [GeneratedRegex("(?<key>[\\w.]+)=(?<value>\"[^\"]*\"|\\S*)")]
    private static partial Regex Pair();
}
