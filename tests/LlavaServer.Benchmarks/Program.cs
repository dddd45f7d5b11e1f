using BenchmarkDotNet.Running;
using LlavaServer.Benchmarks.Compare;
using LlavaServer.Benchmarks.Engine;
using LlavaServer.Benchmarks.Gaps;
using LlavaServer.Benchmarks.Generate;
using LlavaServer.Benchmarks.Golden;
using LlavaServer.Benchmarks.Load;
using LlavaServer.Benchmarks.Soak;
using LlavaServer.Benchmarks.Vision;

return args.FirstOrDefault() switch
{
    "compare" => await CompareCommand.RunAsync(args[1..]),
    "engine" => EngineCommand.Run(args[1..]),
    "gaps" => await GapsCommand.RunAsync(args[1..]),
    "first-token" => await FirstTokenCommand.RunAsync(args[1..]),
    HostedCommand.ChildVerb => HostedCommand.RunChild(args[1..]),
    "grammar" => await GrammarCommand.RunAsync(args[1..]),
    "generate" => GenerateCommand.Run(args[1..]),
    "quantize" => QuantizeCommand.Run(args[1..]),
    "golden" => await GoldenCommand.RunAsync(args[1..]),
    "attention" => AttentionCommand.Run(args[1..]),
    "golden-rows" => GoldenRowsCommand.Run(args[1..]),
    "golden-tokens" => await GoldenTokensCommand.RunAsync(args[1..]),
    "kernels" => KernelsCommand.Run(args[1..]),
    "logits" => await LogitsCommand.RunAsync(args[1..]),
    "soak" => await SoakCommand.RunAsync(args[1..]),
    "streams" => await StreamsCommand.RunAsync(args[1..]),
    "templates" => await TemplatesCommand.RunAsync(args[1..]),
    "vision" => VisionCommand.Run(args[1..]),
    _ => RunBenchmarks(args),
};

static int RunBenchmarks(string[] args)
{
    BenchmarkSwitcher.FromAssembly(typeof(CompareCommand).Assembly).Run(args);
    return 0;
}
