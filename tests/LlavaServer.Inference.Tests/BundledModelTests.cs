using System.Text.Json;
using LlavaServer.Engine.Cpu;
using LlavaServer.Inference.Embeddings;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using SkiaSharp;

namespace LlavaServer.Inference.Tests;

/// <summary>The bundled model on the managed engine, from picture bytes to text, in process.</summary>
public sealed class BundledModelTests : IAsyncLifetime
{
    private readonly MortalEngineFactory _engines = new(new CpuEngineFactory());
    private ServiceProvider? _services;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private TextGenerator Generator => _services!.GetRequiredService<TextGenerator>();

    public ValueTask InitializeAsync()
    {
        Assert.SkipWhen(FindFolder() is null, "the bundled model is not in this checkout");
        _services = Build(o => o.Engine.Threads = 1);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
        {
            await _services.DisposeAsync();
        }
    }

    [Fact]
    public async Task StartAsync_RedAndBlueCircle_ColourIsSeen()
    {
        var (red, _) = await AskAsync("What color is the circle?", Circle(SKColors.Red, SKEncodedImageFormat.Png));
        var (blue, _) = await AskAsync("What color is the circle?", Circle(SKColors.Blue, SKEncodedImageFormat.Jpeg));
        Assert.Contains("red", red, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("blue", blue, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task LoadAsync_BundledModel_TemplateIsRecognised()
    {
        var pool = _services!.GetRequiredService<ModelPool>();
        using var lease = await pool.LoadAsync(_services!.GetRequiredService<ModelCatalog>().Entries[0], new ModelDemand(), Token);
        var model = lease.Model;
        Assert.Equal(("vicuna-plain", "model file", null), (model.ChatTemplateName, model.ChatTemplateSource, model.ChatTemplateWarning));
    }

    [Fact]
    public async Task SCH17_EstimateMemory_CoversWhatTheEngineTakes()
    {
        var entry = _services!.GetRequiredService<ModelCatalog>().Entries[0];
        using var lease = await _services!.GetRequiredService<ModelPool>().LoadAsync(entry, new ModelDemand(), Token);
        Assert.InRange((double)lease.Instance.MemoryEstimate / lease.Model.Info.MemoryBytes, 0.8, 2.5);
    }

    [Fact]
    public async Task SCH18_ReusedPrefixesAndNeighbours_ChangeNoAnswer()
    {
        (string Question, byte[] Picture)[] all =
        [
            ("What shape is this?", Circle(SKColors.Red, SKEncodedImageFormat.Png)), ("What color is it?", Circle(SKColors.Green, SKEncodedImageFormat.Webp)),
            ("Describe the image.", Circle(SKColors.Blue, SKEncodedImageFormat.Png)), ("How many shapes are there?", Circle(SKColors.Red, SKEncodedImageFormat.Png)),
        ];
        var alone = new List<string>();
        foreach (var (question, picture) in all)
        {
            alone.Add((await AskAsync(question, picture)).Text);
        }

        var together = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => AskAsync(all[i % 4].Question, all[i % 4].Picture)));
        for (var i = 0; i < together.Length; i++)
        {
            Assert.Equal(alone[i % 4], together[i].Text);
        }

        Assert.Contains(together, t => t.Usage.CachedTokens > 64);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.8f)]
    public async Task SCH16_EngineDiesUnderEightStreams_EachEndsWithTheTextOfAnUndisturbedRun(float temperature)
    {
        string[] questions = ["What shape is this?", "What color is it?", "Describe the image.", "How many shapes are there?"];
        byte[][] pictures = [Circle(SKColors.Red, SKEncodedImageFormat.Png), Circle(SKColors.Blue, SKEncodedImageFormat.Png)];
        Task<(string Text, UsageDetails Usage)[]> AskAllAsync() => Task.WhenAll(Enumerable.Range(0, 8).Select(
            i => AskAsync(questions[i % 4], pictures[i / 4], new SamplingParameters { Temperature = temperature, Seed = (uint)i + 1 })));
        var undisturbed = await AskAllAsync();
        Assert.Equal(1, _engines.Loads);
        var step = 0;

        // At every sixth step in which nobody is prefilled: all that lost the last engine have gone on.
        _engines.DiesNow = batch => Array.TrueForAll(batch.Rows.ToArray(), r => r.WantsLogits) && ++step % 6 == 0;
        var disturbed = await AskAllAsync();
        Assert.InRange(_engines.Loads, 2, 30);
        Assert.Equal(undisturbed.Select(a => a.Text), disturbed.Select(a => a.Text));
        Assert.Equal(undisturbed.Select(a => a.Usage.CompletionTokens), disturbed.Select(a => a.Usage.CompletionTokens));
    }

    [Fact]
    public async Task SCH16_Choices_EachIsTheAnswerOfItsOwnSeedAlsoWhenTheEngineDies()
    {
        var picture = Circle(SKColors.Green, SKEncodedImageFormat.Png);
        var alone = new List<string>();
        for (var seed = 5u; seed < 9; seed++)
        {
            alone.Add((await AskAsync("Describe the image.", picture, new SamplingParameters { Temperature = 3f, TopP = 1, MinP = 0, Seed = seed })).Text);
        }

        Assert.True(alone.Distinct().Count() > 1);
        var request = Request("Describe the image.", picture, new SamplingParameters { Temperature = 3f, TopP = 1, MinP = 0, Seed = 5 }) with { Choices = 4 };
        Assert.Equal(alone, await ChoicesAsync(request));
        var step = 0;
        _engines.DiesNow = batch => Array.TrueForAll(batch.Rows.ToArray(), r => r.WantsLogits) && ++step is 4 or 12;
        Assert.Equal(alone, await ChoicesAsync(request));
        Assert.InRange(_engines.Loads, 2, 3);
    }

    [Fact]
    public async Task SCH17_MemoryForTwoOfEightStreams_EachEndsWithTheTextOfAnUndisturbedRun()
    {
        SKColor[] colors = [SKColors.Red, SKColors.Blue, SKColors.Green, SKColors.Yellow];
        byte[][] pictures = [.. colors.Select(c => Circle(c, SKEncodedImageFormat.Png))];
        Task<(string Text, UsageDetails Usage)[]> AskAllAsync(TextGenerator generator) => Task.WhenAll(Enumerable.Range(0, 8).Select(
            i => AskAsync("Describe the image.", pictures[i % 4], new SamplingParameters { Temperature = 0.8f, Seed = (uint)i + 1 }, generator)));
        var undisturbed = await AskAllAsync(Generator);
        var needed = undisturbed.Max(a => a.Usage.PromptTokens + a.Usage.CompletionTokens);
        await using var tight = Build(o =>
            (o.Engine.Threads, o.Engine.Slots, o.Engine.ContextLength, o.Engine.KVPositions) = (1, 8, needed + 64, (2 * undisturbed[0].Usage.PromptTokens) + 48));
        var disturbed = await AskAllAsync(tight.GetRequiredService<TextGenerator>());
        Assert.Equal(undisturbed.Select(a => a.Text), disturbed.Select(a => a.Text));
        Assert.True(_engines.NoSpaces > 0);
    }

    [Fact]
    public async Task EmbedAsync_BundledModel_VectorsOfLlamaServer()
    {
        // How they were made stands in the file.
        using var golden = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Embeddings", "llama-server-bundled.json"), Token));
        Assert.Equal(2, golden.RootElement.GetArrayLength());
        foreach (var item in golden.RootElement.EnumerateArray())
        {
            await using var services = Build(o => (o.Engine.Threads, o.Models.Pooling) = (1, item.GetProperty("pooling").GetString()!));
            var inputs = item.GetProperty("inputs").EnumerateArray().Select((text, i) => new EmbeddingInput([MessagePart.FromText(text.GetString()!)], $"input[{i}]"));
            var result = await services.GetRequiredService<TextEmbedder>().EmbedAsync(new EmbeddingRequest { Model = "", Inputs = [.. inputs] }, Token);
            Assert.Equal(item.GetProperty("promptTokens").GetInt32(), result.Usage.PromptTokens);
            foreach (var (expected, actual) in item.GetProperty("embeddings").EnumerateArray().Zip(result.Embeddings))
            {
                var worst = expected.EnumerateArray().Zip(actual).Max(pair => Math.Abs(pair.First.GetSingle() - pair.Second));
                TestContext.Current.TestOutputHelper?.WriteLine($"worst deviation {worst}");
                Assert.InRange(worst, 0, 5e-4f);
            }
        }
    }

    private async Task<(string Text, UsageDetails Usage)> AskAsync(
        string question, byte[] picture, SamplingParameters? sampling = null, TextGenerator? generator = null)
    {
        var request = Request(question, picture, sampling ?? new SamplingParameters { Temperature = 0 });
        await using var generation = await (generator ?? Generator).StartAsync(request, Token);
        var (text, last) = await InferenceHost.ReadAsync(generation, Token);
        return (text, last.Usage!);
    }

    private async Task<string[]> ChoicesAsync(GenerationRequest request)
    {
        await using var generation = await Generator.StartAsync(request, Token);
        var texts = new string[request.Choices];
        await foreach (var update in generation.ReadAllAsync(Token))
        {
            texts[update.Choice] += update.Text;
        }

        return texts;
    }

    private static GenerationRequest Request(string question, byte[] picture, SamplingParameters sampling) => new()
    {
        Model = "llava-mini",
        Messages = [new ChatMessage(ChatRole.User, [MessagePart.FromText(question), MessagePart.FromImage(picture, "picture")])],
        Sampling = sampling,
        MaxTokens = 60,
    };

    private ServiceProvider Build(Action<InferenceOptions> configure)
    {
        var folder = FindFolder()!;
        var files = new ModelFiles(Path.Combine(folder, "llava-mini.gguf"), Path.Combine(folder, "llava-mini-mmproj.gguf"));
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        services.AddSingleton<IInferenceEngineFactory>(_engines);
        services.AddSingleton(new ModelCatalog([ModelEntry.FromFiles("llava-mini", files)]));
        services.AddInference();
        services.Configure<InferenceOptions>(o => o.Pool.MaxDeaths = 100_000);
        services.Configure(configure);
        return services.BuildServiceProvider();
    }

    private static byte[] Circle(SKColor color, SKEncodedImageFormat format)
    {
        var bitmap = TestImages.Solid(160, 120, SKColors.White);
        using var canvas = new SKCanvas(bitmap);
        using var paint = new SKPaint { Color = color, IsAntialias = true };
        canvas.DrawCircle(80, 60, 40, paint);
        canvas.Flush();
        return TestImages.Encode(bitmap, format);
    }

    private static string? FindFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "src", "LlavaServer", "BundledModel");
            if (File.Exists(Path.Combine(candidate, "llava-mini.gguf")))
            {
                return candidate;
            }
        }

        return null;
    }
}
