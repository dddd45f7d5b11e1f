using System.Text;
using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>A table with a header and tabs, as pandas reads it: a field in double quotes may hold tabs and line ends, and two quotes for one.</summary>
internal static class TabSeparatedFile
{
    /// <summary>The rows as cells by column name, in the order of the columns.</summary>
    public static IEnumerable<IReadOnlyDictionary<string, string>> Read(string path)
    {
        using var reader = JsonLines.Guard(path, () => new StreamReader(path));
        var header = ReadRow(reader) ?? throw new VerbException(ExitCodes.WrongUsage, $"{path} is empty.");
        for (var number = 2; ReadRow(reader) is { } row; number++)
        {
            if (row is [""])
            {
                continue;
            }

            yield return row.Count == header.Count
                ? new OrderedDictionary<string, string>(header.Zip(row, KeyValuePair.Create))
                : throw new VerbException(ExitCodes.WrongUsage, $"{path}, row {number}: {row.Count} cells for {header.Count} columns.");
        }
    }

    private static List<string>? ReadRow(StreamReader reader)
    {
        if (reader.Peek() < 0)
        {
            return null;
        }

        var row = new List<string>();
        var cell = new StringBuilder();
        var (isQuoted, isFresh) = (false, true);
        while (true)
        {
            var next = reader.Read();
            switch (next)
            {
                case '"' when isQuoted && reader.Peek() == '"':
                    reader.Read();
                    cell.Append('"');
                    break;
                case '"' when isQuoted || isFresh:
                    isQuoted = !isQuoted;
                    break;
                case '\r' when !isQuoted && reader.Peek() == '\n':
                    break;
                case -1 or '\n' when next < 0 || !isQuoted:
                    row.Add(cell.ToString());
                    return row;
                case '\t' when !isQuoted:
                    row.Add(cell.ToString());
                    cell.Clear();
                    isFresh = true;
                    continue;
                default:
                    cell.Append((char)next);
                    break;
            }

            isFresh = false;
        }
    }
}
