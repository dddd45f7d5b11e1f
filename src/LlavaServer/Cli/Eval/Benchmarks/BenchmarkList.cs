namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>All kinds of sets, by the names that <c>--set</c> takes.</summary>
internal static class BenchmarkList
{
    public static IReadOnlyList<IBenchmark> All { get; } =
    [
        new PopeBenchmark(), new VqaBenchmark(), new GqaBenchmark(), new ScienceQaBenchmark(), new TextVqaBenchmark(), new MmeBenchmark(), new MmBenchBenchmark(),
        new LlavaBenchBenchmark(),
    ];

    public static IBenchmark? Find(string name) =>
        All.FirstOrDefault(benchmark => string.Equals(benchmark.Name, name, StringComparison.OrdinalIgnoreCase));
}
