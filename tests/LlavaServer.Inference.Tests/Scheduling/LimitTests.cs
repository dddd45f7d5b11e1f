using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>Context, time and the reader's pace.</summary>
public sealed class LimitTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SCH8_PromptAtTheEdgeOfTheContext_ServedOrRefused(bool withPicture)
    {
        await using var host = new InferenceHost(new FakeEngineFactory { Vision = new FakeVisionEncoder(), ContextLength = 100, EndlessToken = 50 });
        byte[][] images = withPicture ? [TestImages.Png(2, 2, SKColors.Red)] : [];
        var overhead = "<USER:  ASSISTANT:".Length + (withPicture ? FakeVisionEncoder.Rows + 1 : 0);
        for (var tokens = 97; tokens <= 103; tokens++)
        {
            var request = InferenceHost.Ask(new string('q', tokens - overhead), images);
            if (tokens < 100)
            {
                var (_, last) = await host.AnswerAsync(request, Token);
                Assert.Equal(tokens, last.Usage!.PromptTokens);
                Assert.Equal(100 - tokens, last.Usage.CompletionTokens);
                Assert.Equal(FinishReason.Length, last.FinishReason);
            }
            else
            {
                var failure = await Assert.ThrowsAsync<InferenceException>(() => host.Generator.StartAsync(request, Token));
                Assert.Equal((InferenceError.PromptTooLong, tokens, 100), (failure.Error, failure.PromptTokens, failure.ContextLength));
                Assert.Contains($"{(withPicture ? FakeVisionEncoder.Rows : 0)} of them from pictures", failure.Message);
            }
        }

        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task StartAsync_MoreTextThanTokensCanHold_RefusedWithoutTokenizing()
    {
        await using var host = new InferenceHost();
        await host.AnswerAsync(InferenceHost.Ask("load"), Token);
        var encoded = host.Factory.Tokenizer.EncodedTexts;
        var failure = await Assert.ThrowsAsync<InferenceException>(() => host.Generator.StartAsync(InferenceHost.Ask(new string('q', 1 << 20)), Token));
        Assert.Equal(InferenceError.PromptTooLong, failure.Error);
        Assert.True(failure.PromptTokens > 1 << 20);
        Assert.Equal(encoded, host.Factory.Tokenizer.EncodedTexts);
    }

    [Fact]
    public async Task StartAsync_ContextLengthOfTheRequest_IsTheLimit()
    {
        await using var host = new InferenceHost();
        host.Factory.EndlessToken = 50;
        var (_, last) = await host.AnswerAsync(InferenceHost.Ask("q") with { ContextLength = 30 }, Token);
        Assert.Equal(30, last.Usage!.PromptTokens + last.Usage.CompletionTokens);
        await Assert.ThrowsAsync<InferenceException>(() => host.Generator.StartAsync(InferenceHost.Ask("q") with { ContextLength = 10 }, Token));
    }

    [Fact]
    public async Task SCH7_NeverEndingModel_EndsAtTheContext()
    {
        await using var host = new InferenceHost();
        host.Factory.EndlessToken = FakeTokenizer.FirstByte + 'x';
        var (text, last) = await host.AnswerAsync(InferenceHost.Ask("q"), Token);
        Assert.Equal(512, last.Usage!.PromptTokens + last.Usage.CompletionTokens);
        Assert.Equal(FinishReason.Length, last.FinishReason);
        Assert.Equal(last.Usage.CompletionTokens, text.Length);
    }

    [Fact]
    public async Task SCH7_RequestTime_EndsWithLength()
    {
        var time = new FakeTimeProvider();
        await using var host = new InferenceHost(
            new FakeEngineFactory { ContextLength = 1 << 20 }, o => o.Limits.RequestTime = TimeSpan.FromMinutes(1), time);
        host.Factory.EndlessToken = FakeTokenizer.FirstByte + 'x';
        host.Factory.OnDecode = _ => time.Advance(TimeSpan.FromSeconds(1));
        var (text, last) = await host.AnswerAsync(InferenceHost.Ask("q"), Token);
        Assert.Equal(FinishReason.Length, last.FinishReason);
        Assert.InRange(text.Length, 55, 62);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH7_RequestTimeOfASequenceThatWasSetBack_EndsWithLength()
    {
        var time = new FakeTimeProvider();
        var factory = new FakeEngineFactory { ContextLength = 400, KVPositions = 400, EndlessToken = FakeTokenizer.FirstByte + 'x' };
        await using var host = new InferenceHost(factory, o => (o.Limits.RequestTime, o.Engine.Slots) = (TimeSpan.FromMinutes(1), 2), time);
        var noSpace = 0;
        using var lease = await host.Pool.LoadAsync(host.Model.Entry, new ModelDemand(), Token);
        using var gate = new ManualResetEventSlim();
        factory.OnDecode = _ =>
        {
            gate.Wait(host.Closing);

            // Both run until memory is out; then the older one alone, for a minute.
            noSpace = factory.NoSpaces;
            if (noSpace > 0)
            {
                time.Advance(TimeSpan.FromSeconds(2));
            }
        };
        var first = await host.Generator.StartAsync(InferenceHost.Ask("1"), Token);
        var second = await host.Generator.StartAsync(InferenceHost.Ask("2"), Token);
        gate.Set();
        var answers = await Task.WhenAll(InferenceHost.ReadAsync(first, Token), InferenceHost.ReadAsync(second, Token));
        lease.Dispose();
        Assert.True(noSpace > 0);
        Assert.All(answers, a => Assert.Equal(FinishReason.Length, a.Last.FinishReason));
        Assert.All(answers, a => Assert.InRange(a.Text.Length, 150, 300));
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH9_SlowReader_PausesItsSequenceOnly()
    {
        await using var host = new InferenceHost(new FakeEngineFactory { ContextLength = 200_000 });
        host.Factory.Answer = fed => fed.Contains("slow", StringComparison.Ordinal) ? new string('s', 100_000) : "quick";
        await using var slow = await host.Generator.StartAsync(InferenceHost.Ask("slow") with { MaxTokens = 40_000 }, Token);
        for (var i = 0; i < 1200 && host.Factory.Steps < 32 * 1024; i++)
        {
            await Task.Delay(50, Token);
        }

        await Task.Delay(500, Token);
        Assert.InRange(host.Factory.Steps, 32 * 1024, 34 * 1024);
        Assert.Equal("quick", (await host.AnswerAsync(InferenceHost.Ask("fast"), Token)).Text);
        var (text, last) = await InferenceHost.ReadAsync(slow, Token);
        Assert.Equal(40_000, text.Length);
        Assert.Equal(FinishReason.Length, last.FinishReason);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task StartAsync_RawPrompt_NoTemplateNoFamilyStops()
    {
        await using var host = new InferenceHost();
        var fed = "";
        host.Factory.Answer = prompt =>
        {
            fed = prompt;
            return "x USER: y";
        };
        var request = InferenceHost.Ask("") with { Messages = [], RawPrompt = [MessagePart.FromText("Raw </s> ASSISTANT:")] };
        Assert.Equal("x USER: y", (await host.AnswerAsync(request, Token)).Text);
        Assert.Equal("<s>Raw </s> ASSISTANT:", fed);
    }
}
