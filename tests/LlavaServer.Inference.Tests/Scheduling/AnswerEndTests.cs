using LlavaServer.Inference.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>What keeps an answer from ending, what ends it early, and a prompt that takes nothing over.</summary>
public sealed class AnswerEndTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task IgnoreEnd_ModelWantsToEnd_GoesOnToTheLimit()
    {
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => "abc";
        var (text, last) = await host.AnswerAsync(InferenceHost.Ask("Hi?") with { IgnoreEnd = true, MaxTokens = 9 }, Token);

        Assert.StartsWith("abc", text);
        Assert.Equal(9, last.Usage!.CompletionTokens);
        Assert.Equal(FinishReason.Length, last.FinishReason);
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(3, 4)]
    [InlineData(4, 5)]
    [InlineData(8, 9)]
    public async Task MinTokens_ModelWantsToEndAfterThree_EndsBehindTheLeast(int least, int tokens)
    {
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => "abc";
        var (_, last) = await host.AnswerAsync(InferenceHost.Ask("Hi?") with { MinTokens = least, MaxTokens = 20 }, Token);

        Assert.Equal(tokens, last.Usage!.CompletionTokens);
        Assert.Equal(FinishReason.Stop, last.FinishReason);
    }

    [Theory]
    [InlineData("c", "ab")]
    [InlineData("bc", "a")]
    public async Task StopText_CallersTextEndsTheAnswer_IsTold(string stop, string expected)
    {
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => "abcd";
        var (text, last) = await host.AnswerAsync(InferenceHost.Ask("Hi?") with { Stop = ["zz", stop] }, Token);

        Assert.Equal(expected, text);
        Assert.Equal(FinishReason.Stop, last.FinishReason);
        Assert.Equal(stop, last.StopText);
    }

    [Fact]
    public async Task StopText_TemplateOrEndTokenEndsTheAnswer_IsNotTold()
    {
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => "abc</s>d";
        var (text, last) = await host.AnswerAsync(InferenceHost.Ask("Hi?") with { Stop = ["zz"] }, Token);

        Assert.Equal("abc", text);
        Assert.Equal(FinishReason.Stop, last.FinishReason);
        Assert.Null(last.StopText);

        host.Factory.Answer = _ => "abc";
        Assert.Null((await host.AnswerAsync(InferenceHost.Ask("Hi?") with { Stop = ["zz"] }, Token)).Last.StopText);
    }

    [Fact]
    public async Task PredictTime_AnswerTakesLonger_EndsAsLength()
    {
        var time = new FakeTimeProvider();
        await using var host = new InferenceHost(time: time);
        host.Factory.EndlessToken = FakeTokenizer.FirstByte + 'x';
        host.Factory.OnDecode = _ => time.Advance(TimeSpan.FromSeconds(1));
        var (text, last) = await host.AnswerAsync(InferenceHost.Ask("Hi?") with { PredictTime = TimeSpan.FromSeconds(20) }, Token);

        Assert.Equal(FinishReason.Length, last.FinishReason);
        Assert.InRange(text.Length, 19, 23);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task ReusesPrompt_False_ComputesAllAndLeavesItForOthers()
    {
        await using var host = new InferenceHost();
        var request = InferenceHost.Ask("The same question, longer than a block of sixteen?");
        var (text, first) = await host.AnswerAsync(request, Token);
        var (again, second) = await host.AnswerAsync(request with { ReusesPrompt = false }, Token);
        var (_, third) = await host.AnswerAsync(request, Token);

        Assert.Equal(text, again);
        Assert.Equal([0, 0, third.Usage!.PromptTokens - 1], new[] { first, second, third }.Select(l => l.Usage!.CachedTokens));
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task ReusesPrompt_FalseWithTwoAtOnce_NobodyWaitsForTheOther()
    {
        await using var host = new InferenceHost();
        var request = InferenceHost.Ask("The same question, longer than a block of sixteen?") with { ReusesPrompt = false };
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => host.AnswerAsync(request, Token)));

        Assert.All(answers, a => Assert.Equal(0, a.Last.Usage!.CachedTokens));
        Assert.Single(answers.Select(a => a.Text).Distinct());
        await host.AssertIdleAsync();
    }
}
