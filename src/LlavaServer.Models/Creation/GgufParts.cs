using System.Text.RegularExpressions;

namespace LlavaServer.Models.Creation;

/// <summary>One GGUF model among uploaded files: a file, or all parts of a split one in their order. Immutable.</summary>
internal sealed partial record GgufParts(string Name, IReadOnlyList<CreationFile> Files)
{
    /// <summary>Puts parts together by their names, <c>name-00001-of-00003.gguf</c>.</summary>
    /// <exception cref="CreationException">A part is missing.</exception>
    public static List<GgufParts> Group(IEnumerable<CreationFile> files)
    {
        var groups = new List<GgufParts>();
        var parts = new Dictionary<string, CreationFile?[]>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            var match = PartName().Match(file.Name);
            if (!match.Success || !int.TryParse(match.Groups["count"].ValueSpan, out var count) || !int.TryParse(match.Groups["part"].ValueSpan, out var part)
                || count < 2 || part < 1 || part > count)
            {
                groups.Add(new GgufParts(file.Name, [file]));
                continue;
            }

            var name = $"{match.Groups["name"].Value}-of-{count:D5}.gguf";
            if (!parts.TryGetValue(name, out var known))
            {
                parts.Add(name, known = new CreationFile?[count]);
            }

            known[part - 1] = file;
        }

        foreach (var (name, known) in parts)
        {
            var missing = Array.IndexOf(known, null);
            groups.Add(missing < 0
                ? new GgufParts(name, known!)
                : throw new CreationException(CreationError.Invalid, $"part {missing + 1} of {known.Length} of the split model {Gguf.GgufText.Quote(name)} is missing"));
        }

        return groups;
    }

    [GeneratedRegex(@"\A(?<name>.*)-(?<part>[0-9]{5})-of-(?<count>[0-9]{5})\.gguf\z", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex PartName();
}
