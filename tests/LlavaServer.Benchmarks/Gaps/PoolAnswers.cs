using System.Diagnostics;
using System.Runtime.CompilerServices;
using LlavaServer.Engine.Cpu;
using LlavaServer.Inference;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LlavaServer.Benchmarks.Gaps;

/// <summary>Answers of the pool in this process, without HTTP: several models, loaded when first asked.</summary>
internal sealed class PoolAnswers : IAnswers
{
    private readonly ServiceProvider _services;
    private readonly TextGenerator _generator;

    public PoolAnswers(IEnumerable<(string Name, ModelFiles Files)> models, int threads, int contextLength)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        services.AddSingleton<IInferenceEngineFactory, CpuEngineFactory>();
        services.AddSingleton(new ModelCatalog(models.Select(m => ModelEntry.FromFiles(m.Name, m.Files))));
        services.AddInference();
        services.Configure<InferenceOptions>(o =>
        {
            o.Engine.Slots = 2;
            o.Engine.Threads = threads;
            o.Engine.ContextLength = contextLength;
        });
        _services = services.BuildServiceProvider();
        _generator = _services.GetRequiredService<TextGenerator>();
    }

    public async IAsyncEnumerable<long> AskAsync(
        string model, string question, byte[]? picture, int maxTokens, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var generation = await _generator.StartAsync(Request(model, question, picture, maxTokens), cancellationToken);
        await foreach (var update in generation.ReadAllAsync(cancellationToken))
        {
            if (update.Text.Length > 0 || update.FinishReason is not null)
            {
                yield return Stopwatch.GetTimestamp();
            }
        }
    }

    public async Task<int> CountAsync(string model, string question)
    {
        await using var generation = await _generator.StartAsync(Request(model, question, picture: null, maxTokens: 1), CancellationToken.None);
        var tokens = 0;
        await foreach (var update in generation.ReadAllAsync(CancellationToken.None))
        {
            tokens = update.Usage?.PromptTokens ?? tokens;
        }

        return tokens;
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    private static GenerationRequest Request(string model, string question, byte[]? picture, int maxTokens) => new()
    {
        Model = model,
        Messages = [new ChatMessage(ChatRole.User, picture is null ? [MessagePart.FromText(question)] : [MessagePart.FromText(question), MessagePart.FromImage(picture, "picture")])],
        Sampling = new SamplingParameters { Temperature = 0 },
        MaxTokens = maxTokens,

        // The second model is loaded for every run.
        KeepAlive = model == GapsCommand.MainModel ? null : TimeSpan.Zero,
    };
}
