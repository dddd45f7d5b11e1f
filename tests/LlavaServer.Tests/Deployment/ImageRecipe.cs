using System.Text.RegularExpressions;
using LlavaServer.Tests.EndToEnd;

namespace LlavaServer.Tests.Deployment;

/// <summary>The <c>Dockerfile</c> of the repository, taken apart: arguments before the first stage, and the stages in order. Immutable.</summary>
internal sealed partial class ImageRecipe
{
    private ImageRecipe(string text)
    {
        var arguments = new Dictionary<string, string>();
        var stages = new List<ImageStage>();
        foreach (var line in Instructions(text))
        {
            var (word, rest) = (line[..line.IndexOf(' ')], line[(line.IndexOf(' ') + 1)..].Trim());
            if (word == "FROM")
            {
                var from = From().Match(rest);
                Assert.True(from.Success, $"A stage without a name: {rest}");
                stages.Add(new ImageStage(from.Groups["name"].Value, from.Groups["image"].Value, from.Groups["platform"].Value, []));
            }
            else if (stages.Count > 0)
            {
                stages[^1].Lines.Add((word, rest));
            }
            else
            {
                Assert.Equal("ARG", word);
                arguments.Add(rest.Split('=')[0], rest.Split('=')[1]);
            }
        }

        Arguments = arguments;
        Stages = stages;
    }

    public static ImageRecipe OfRepository { get; } = new(File.ReadAllText(Path.Combine(Repository.Top!, "Dockerfile")));

    /// <summary>Arguments that the bases of stages use, with their defaults.</summary>
    public IReadOnlyDictionary<string, string> Arguments { get; }

    public IReadOnlyList<ImageStage> Stages { get; }

    public ImageStage this[string name] => Stages.Single(stage => stage.Name == name);

    /// <summary>The base of a stage with its arguments put in.</summary>
    public string BaseOf(ImageStage stage) => Variable().Replace(stage.Base, name => Arguments[name.Groups["name"].Value]);

    private static IEnumerable<string> Instructions(string text) =>
        Continued().Replace(string.Join('\n', text.Split('\n').Where(static line => !line.StartsWith('#'))), " ")
            .Split('\n').Where(static line => line.Length > 0);

    [GeneratedRegex(@"\\\n\s*")]
    private static partial Regex Continued();

    [GeneratedRegex(@"^(--platform=(?<platform>\S+) )?(?<image>\S+) AS (?<name>\S+)$")]
    private static partial Regex From();

    [GeneratedRegex(@"\$\{(?<name>\w+)\}")]
    private static partial Regex Variable();
}
