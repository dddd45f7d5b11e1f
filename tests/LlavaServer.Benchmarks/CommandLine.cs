namespace LlavaServer.Benchmarks;

/// <summary>Options of the form <c>--name value</c>.</summary>
internal static class CommandLine
{
    public static string? Option(string[] args, string name)
    {
        int index = Array.IndexOf(args, name);
        return index >= 0 && index + 1 < args.Length ? args[index + 1] : null;
    }

    public static int Integer(string[] args, string name, int absent) => Option(args, name) is { } text ? int.Parse(text) : absent;

    public static int[] Integers(string[] args, string name, params int[] absent) =>
        Option(args, name) is { } text ? [.. text.Split(',').Select(int.Parse)] : absent;
}
