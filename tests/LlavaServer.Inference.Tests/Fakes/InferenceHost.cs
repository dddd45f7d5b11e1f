using LlavaServer.Inference.Embeddings;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Scheduling;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LlavaServer.Inference.Tests.Fakes;

/// <summary>Everything that <c>AddInference</c> registers, over a fake engine.</summary>
internal sealed class InferenceHost : IAsyncDisposable
{
    private readonly CancellationTokenSource _closing = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly ServiceProvider _services;

    /// <param name="factory">Makes the engines.</param>
    /// <param name="configure">Changes settings.</param>
    /// <param name="time">Clock of everything.</param>
    /// <param name="template">Name of the chat template.</param>
    /// <param name="models">Names of the models; by default <c>eye</c> alone.</param>
    /// <param name="fileTemplate">Text of the chat template instead, as in a model file.</param>
    public InferenceHost(
        FakeEngineFactory? factory = null,
        Action<InferenceOptions>? configure = null,
        TimeProvider? time = null,
        string? template = null,
        string[]? models = null,
        string? fileTemplate = null)
    {
        Factory = factory ?? new FakeEngineFactory { Vision = new FakeVisionEncoder() };
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(Log));
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        services.AddSingleton<IInferenceEngineFactory>(Factory);
        services.AddSingleton<ModelTextReader>(_ => ReadText(fileTemplate is null ? template ?? "vicuna-plain" : null, fileTemplate));
        services.AddSingleton(new ModelCatalog((models ?? ["eye"]).Select(name => Entry(name, Factory.Vision is not null))));
        if (time is not null)
        {
            services.AddSingleton(time);
        }

        services.AddInference();
        services.Configure<InferenceOptions>(o =>
        {
            // Tests kill engines by the dozen; those of the circuit set its limit themselves.
            o.Pool.MaxDeaths = 100_000;
            configure?.Invoke(o);
        });
        _services = services.BuildServiceProvider();
    }

    public FakeEngineFactory Factory { get; }

    public LogLines Log { get; } = new();

    /// <summary>What a test lets an engine wait for ends with this too, so that a failed test does not wait for ever.</summary>
    public CancellationToken Closing => _closing.Token;

    public TextGenerator Generator => _services.GetRequiredService<TextGenerator>();

    public TextEmbedder Embedder => _services.GetRequiredService<TextEmbedder>();

    public ModelPool Pool => _services.GetRequiredService<ModelPool>();

    public ImageDecoder Decoder => _services.GetRequiredService<ImageDecoder>();

    public InferenceMetrics Metrics => _services.GetRequiredService<InferenceMetrics>();

    public ImageEmbeddingCache Cache => _services.GetRequiredService<ImageEmbeddingCache>();

    public PooledModel Model => Pool.Models[0];

    public static ModelEntry Entry(string name, bool vision) => new()
    {
        Name = name + ":latest",
        Files = new ModelFiles(name + ".gguf", vision ? name + "-mmproj.gguf" : null),
        Family = "llama",
        Families = ["llama"],
        ParameterSize = "1",
        QuantizationLevel = "F16",
        SizeBytes = 1,
        Digest = new string('0', 64),
        ModifiedAt = DateTimeOffset.UnixEpoch,
        HasVision = vision,
        ContextLength = 512,
        ParameterCount = 1,
        EmbeddingLength = 2,
    };

    public static GenerationRequest Ask(string question, params byte[][] images) => new()
    {
        Model = "eye",
        Messages = [new ChatMessage(ChatRole.User, [.. images.Select((b, i) => MessagePart.FromImage(b, $"messages[0].content[{i}]")), MessagePart.FromText(question)])],
        Sampling = new SamplingParameters { Temperature = 0 },
    };

    public async Task<(string Text, GenerationUpdate Last)> AnswerAsync(GenerationRequest request, CancellationToken cancellationToken)
    {
        await using var generation = await Generator.StartAsync(request, cancellationToken);
        return await ReadAsync(generation, cancellationToken);
    }

    public static async Task<(string Text, GenerationUpdate Last)> ReadAsync(Generation generation, CancellationToken cancellationToken)
    {
        var text = "";
        GenerationUpdate? last = null;
        await foreach (var update in generation.ReadAllAsync(cancellationToken))
        {
            Assert.Null(last?.FinishReason);
            text += update.Text;
            last = update;
        }

        Assert.NotNull(last?.FinishReason);
        return (text, last);
    }

    /// <summary>Waits until nothing of any request is left anywhere.</summary>
    public async Task AssertIdleAsync()
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var counts = Pool.Models.Select(m => m.Queue.Counts).Aggregate((sum, one) => (sum.Running + one.Running, sum.Waiting + one.Waiting, one.Slots));
            var pending = Pool.Loaded.Sum(m => m.Executors.Sum(e => e.Scheduler.PendingEncodes + e.SequenceCount)) + Pool.LeaseCount;
            if (counts is { Item1: 0, Item2: 0 } && Generator.ActiveCount == 0 && pending == 0 && Decoder.HeldBytes == (0, 0)
                && CacheViolation() is null)
            {
                return;
            }

            if (TimeProvider.System.GetElapsedTime(deadline) > TimeSpan.FromSeconds(20))
            {
                Assert.Fail($"not idle: {counts}, active {Generator.ActiveCount}, encodes, sequences and leases {pending}, bytes {Decoder.HeldBytes}, cache {CacheViolation()}");
            }

            await Task.Delay(5);
        }
    }

    // Null if what the scheduler believes to be stored is what the engine stores, and nobody uses any of it.
    private string? CacheViolation()
    {
        if (Factory.Living != 1 || Model.Loaded?.Scheduler.Cache is not { } cache || Factory.Engine is not { IsDisposed: false } engine)
        {
            return null;
        }

        var wrong = cache.Slots.FirstOrDefault(s => s.Length != engine.Length(s.Id.Value));
        return PrefixInvariants.Violation(cache.Tree, cache.Slots)
            ?? (wrong is null ? null : $"slot {wrong.Id.Value} has {wrong.Length} positions, the engine {engine.Length(wrong.Id.Value)}");
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _services.DisposeAsync();
        _closing.Dispose();
    }

    private ModelText ReadText(string? name, string? file) => new(
        Factory.Tokenizer, ChatTemplateSelector.Choose(name, file, "eye", sees: true, Factory.Tokenizer));
}
