using LlavaServer.Inference.Tests.Fakes;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>How long a prompt is, without an answer to it.</summary>
public sealed class CountTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CountAsync_TextAndPicture_EqualsTheUsageOfTheAnswer()
    {
        await using var host = new InferenceHost();
        foreach (var request in new[] { InferenceHost.Ask("Hi?"), InferenceHost.Ask("What?", TestImages.Png(3, 2, SKColors.Red)) })
        {
            var size = await host.Generator.CountAsync(request, Token);
            var encodes = host.Factory.Vision?.Encodes ?? 0;
            var (_, last) = await host.AnswerAsync(request, Token);

            Assert.Equal(0, encodes);
            Assert.Equal(last.Usage!.PromptTokens, size.Tokens);
            Assert.Equal(last.Usage.ImageTokens, size.ImageTokens);
        }

        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task CountAsync_MoreThanTheContextHolds_IsCounted()
    {
        await using var host = new InferenceHost();
        var endless = InferenceHost.Ask(new string('x', 100_000));

        Assert.InRange((await host.Generator.CountAsync(endless, Token)).Tokens, 100_000, 100_100);
        await Assert.ThrowsAsync<InferenceException>(() => host.AnswerAsync(endless, Token));
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task CountAsync_BrokenPicture_IsRefusedAsAnAnswerWouldBe()
    {
        await using var host = new InferenceHost();
        var broken = InferenceHost.Ask("What?", TestImages.Png(3, 2, SKColors.Red)[..20]);

        var refusal = await Assert.ThrowsAsync<InferenceException>(() => host.Generator.CountAsync(broken, Token));
        Assert.Equal(InferenceError.InvalidImage, refusal.Error);
        await host.AssertIdleAsync();
    }
}
