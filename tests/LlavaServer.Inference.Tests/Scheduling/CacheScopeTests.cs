using LlavaServer.Inference.Tests.Fakes;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>Caches that clients share, and caches that they do not.</summary>
public sealed class CacheScopeTests
{
    private const string Question = "A question that is longer than a block of positions?";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(CacheOptions.Shared)]
    [InlineData(CacheOptions.ByKey)]
    public async Task IMG11_SecondKey_SeesASpeedUpOnlyWhenCachesAreShared(string scope)
    {
        await using var host = new InferenceHost(configure: o => o.Cache.Scope = scope);
        var request = InferenceHost.Ask(Question, TestImages.Png(2, 2, SKColors.Red));
        var isShared = scope == CacheOptions.Shared;
        var (first, cold) = await host.AnswerAsync(request with { Client = "one" }, Token);
        Assert.Equal(0, cold.Usage!.CachedTokens);
        var (second, other) = await host.AnswerAsync(request with { Client = "two" }, Token);
        Assert.Equal(isShared ? cold.Usage.PromptTokens - 1 : 0, other.Usage!.CachedTokens);
        Assert.Equal(isShared ? 1 : 2, host.Factory.Vision!.Encodes);
        var (third, again) = await host.AnswerAsync(request with { Client = "one" }, Token);
        Assert.Equal(cold.Usage.PromptTokens - 1, again.Usage!.CachedTokens);
        Assert.Equal(isShared ? 1 : 2, host.Factory.Vision.Encodes);
        Assert.Equal((first, first), (second, third));
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task IMG11_TwoKeysAtOnce_NobodyWaitsForWhatTheOtherComputes()
    {
        await using var host = new InferenceHost(configure: o => (o.Cache.Scope, o.Engine.StepRows) = (CacheOptions.ByKey, 16));
        (await host.Pool.LoadAsync(host.Model.Entry, new Inference.Loading.ModelDemand(), Token)).Dispose();
        using var encode = new ManualResetEventSlim();
        host.Factory.Vision!.OnEncode = token => encode.Wait(token);
        var request = InferenceHost.Ask(Question, TestImages.Png(2, 2, SKColors.Red));
        var generations = new List<Generation>();
        foreach (var client in new[] { "one", "two", "one" })
        {
            generations.Add(await host.Generator.StartAsync(request with { Client = client }, Token));
        }

        encode.Set();
        var answers = new List<(string Text, GenerationUpdate Last)>();
        foreach (var generation in generations)
        {
            answers.Add(await InferenceHost.ReadAsync(generation, Token));
        }

        Assert.Equal([0, 0, answers[0].Last.Usage!.PromptTokens - 1], answers.Select(a => a.Last.Usage!.CachedTokens));
        Assert.Equal(2, host.Factory.Vision.Encodes);
        Assert.Single(answers.Select(a => a.Text).Distinct());
        await host.AssertIdleAsync();
    }
}
