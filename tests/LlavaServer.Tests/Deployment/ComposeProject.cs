using LlavaServer.Tests.EndToEnd;
using YamlDotNet.RepresentationModel;

namespace LlavaServer.Tests.Deployment;

/// <summary>
/// Compose files laid over each other by Compose's rules: maps are joined key by key, lists one behind the other, other values replaced; <c>!reset</c>
/// takes away what an earlier file gave. Texts, lists and maps of .NET. Immutable.
/// </summary>
internal sealed class ComposeProject
{
    private readonly Dictionary<string, object> _root = [];

    public ComposeProject(params string[] files)
    {
        foreach (var file in files)
        {
            Lay(Load(file), _root);
        }
    }

    public IReadOnlyDictionary<string, Dictionary<string, object>> Services =>
        Map(_root, "services").ToDictionary(static service => service.Key, static service => (Dictionary<string, object>)service.Value);

    public IEnumerable<string> Volumes => Map(_root, "volumes").Keys;

    public IEnumerable<string> Secrets => Map(_root, "secrets").Keys;

    /// <summary>A file of the repository as plain values, anchors and merge keys resolved.</summary>
    public static Dictionary<string, object> Load(string file)
    {
        using var reader = File.OpenText(Path.Combine(Repository.Top!, file));
        var stream = new YamlStream();
        stream.Load(reader);
        return (Dictionary<string, object>)ValueOf(Assert.Single(stream.Documents).RootNode)!;
    }

    public static Dictionary<string, object> Map(Dictionary<string, object> map, params string[] path)
    {
        foreach (var name in path)
        {
            map = map.TryGetValue(name, out var value) ? Assert.IsType<Dictionary<string, object>>(value) : [];
        }

        return map;
    }

    public static List<object> List(Dictionary<string, object> map, string name) => map.TryGetValue(name, out var value) ? Assert.IsType<List<object>>(value) : [];

    /// <summary>A list of texts.</summary>
    public static List<string> Texts(Dictionary<string, object> map, string name) => [.. List(map, name).Select(Assert.IsType<string>)];

    private static void Lay(Dictionary<string, object> over, Dictionary<string, object> under)
    {
        foreach (var (key, value) in over)
        {
            switch (value, under.GetValueOrDefault(key))
            {
                case (Reset, _):
                    under.Remove(key);
                    break;
                case (Dictionary<string, object> map, Dictionary<string, object> below):
                    Lay(map, below);
                    break;
                case (List<object> list, List<object> below) when key is not ("test" or "command" or "entrypoint"):
                    under[key] = (List<object>)[.. below, .. list];
                    break;
                case (Dictionary<string, object> map, _):
                    var copy = new Dictionary<string, object>();
                    Lay(map, copy);
                    under[key] = copy;
                    break;
                default:
                    under[key] = value;
                    break;
            }
        }
    }

    private static object? ValueOf(YamlNode node) => node switch
    {
        { Tag: { IsEmpty: false, Value: "!reset" } } => new Reset(),
        YamlMappingNode map => MapOf(map),
        YamlSequenceNode list => list.Children.Select(static child => ValueOf(child) ?? "").ToList(),
        YamlScalarNode scalar => scalar.Value,
        _ => throw new InvalidDataException($"A node of kind {node.NodeType}."),
    };

    /// <summary>What stands in the map itself wins over what <c>&lt;&lt;</c> brings in.</summary>
    private static Dictionary<string, object> MapOf(YamlMappingNode node)
    {
        var map = new Dictionary<string, object>();
        foreach (var (key, value) in node.Children.OrderByDescending(static child => ((YamlScalarNode)child.Key).Value == "<<"))
        {
            if (((YamlScalarNode)key).Value == "<<")
            {
                Lay(MapOf((YamlMappingNode)value), map);
            }
            else
            {
                map[((YamlScalarNode)key).Value!] = ValueOf(value) ?? "";
            }
        }

        return map;
    }

    private sealed record Reset;
}
