using LlavaServer.Inference.Tests.Fakes;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>From request to text over a fake engine: what is fed, what comes back.</summary>
public sealed class GenerationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task StartAsync_TextQuestion_FeedsTheTemplateAndAnswers()
    {
        await using var host = new InferenceHost();
        var (text, last) = await host.AnswerAsync(InferenceHost.Ask("Hi?"), Token);

        Assert.Equal(FakeEngineFactory.Fingerprint("<s>USER: Hi? ASSISTANT:"), text);
        Assert.Equal(FinishReason.Stop, last.FinishReason);
        Assert.Equal(21, last.Usage!.PromptTokens);
        Assert.Equal(text.Length + 1, last.Usage.CompletionTokens);
        Assert.Equal(0, last.Usage.ImageTokens);
        Assert.True(last.Timings!.Total >= last.Timings.Decode);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task StartAsync_Picture_RowsStandInFrontOfTheQuestion()
    {
        await using var host = new InferenceHost();
        var fed = "";
        host.Factory.Answer = prompt =>
        {
            fed = prompt;
            return "a circle";
        };
        var (text, last) = await host.AnswerAsync(InferenceHost.Ask("What?", TestImages.Png(3, 2, SKColors.Red)), Token);

        Assert.Equal("a circle", text);
        Assert.Matches(@"^<s>USER: \[\d+\]\[\d+\]\[\d+\]\[\d+\]\nWhat\? ASSISTANT:$", fed);
        Assert.Equal(FakeVisionEncoder.Rows, last.Usage!.ImageTokens);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task StartAsync_SamePromptAgain_ReusesAllButTheLastPosition()
    {
        await using var host = new InferenceHost();
        var request = InferenceHost.Ask("Once more?", TestImages.Png(3, 2, SKColors.Red));
        var (first, firstLast) = await host.AnswerAsync(request, Token);
        var (second, secondLast) = await host.AnswerAsync(request, Token);

        Assert.Equal(first, second);
        Assert.Equal(0, firstLast.Usage!.CachedTokens);
        Assert.Equal(secondLast.Usage!.PromptTokens - 1, secondLast.Usage.CachedTokens);
        Assert.Equal(1, host.Factory.Vision!.Encodes);
    }

    [Fact]
    public async Task IMG10_SamePlaceholderOtherPicture_PrefixEndsBeforeThePicture()
    {
        byte[][] pictures =
        [
            TestImages.Png(30, 100, SKColors.Red), TestImages.Png(100, 30, SKColors.Red), TestImages.Png(30, 100, SKColors.Blue),
        ];
        var alone = new List<string>();
        foreach (var picture in pictures)
        {
            await using var fresh = new InferenceHost();
            alone.Add((await fresh.AnswerAsync(InferenceHost.Ask("Which?", picture), Token)).Text);
        }

        Assert.Equal(3, alone.Distinct().Count());
        await using var host = new InferenceHost();
        for (var i = 0; i < 6; i++)
        {
            var (text, last) = await host.AnswerAsync(InferenceHost.Ask("Which?", pictures[i % 3]), Token);
            Assert.Equal(alone[i % 3], text);
            Assert.True(last.Usage!.CachedTokens is 0 or 7 || last.Usage.CachedTokens == last.Usage.PromptTokens - 1, $"cached {last.Usage.CachedTokens}");
        }

        var together = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => host.AnswerAsync(InferenceHost.Ask("Which?", pictures[i % 3]), Token)));
        for (var i = 0; i < together.Length; i++)
        {
            Assert.Equal(alone[i % 3], together[i].Text);
        }

        Assert.Equal(3, host.Factory.Vision!.Encodes);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH18_ManyClients_EachGetsItsOwnAnswer()
    {
        await using var host = new InferenceHost();
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => host.AnswerAsync(InferenceHost.Ask($"Question {i % 20}?"), Token)));
        for (var i = 0; i < answers.Length; i++)
        {
            Assert.Equal(FakeEngineFactory.Fingerprint($"<s>USER: Question {i % 20}? ASSISTANT:"), answers[i].Text);
        }

        Assert.True(host.Factory.MostSequences > 1);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task StartAsync_MaxTokens_EndsWithLength()
    {
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => "one two three";
        var (text, last) = await host.AnswerAsync(InferenceHost.Ask("Count") with { MaxTokens = 5 }, Token);
        Assert.Equal("one t", text);
        Assert.Equal(FinishReason.Length, last.FinishReason);
        Assert.Equal(5, last.Usage!.CompletionTokens);

        (text, last) = await host.AnswerAsync(InferenceHost.Ask("Count") with { MaxTokens = 0 }, Token);
        Assert.Equal("", text);
        Assert.Equal(FinishReason.Length, last.FinishReason);
    }

    [Fact]
    public async Task StartAsync_StopTextAcrossTokens_IsCutOff()
    {
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => "one two STOP three";
        var (text, last) = await host.AnswerAsync(InferenceHost.Ask("Count") with { Stop = ["STOP", "STORM"] }, Token);
        Assert.Equal("one two ", text);
        Assert.Equal(FinishReason.Stop, last.FinishReason);

        host.Factory.Answer = _ => "a STO";
        (text, _) = await host.AnswerAsync(InferenceHost.Ask("Count") with { Stop = ["STOP"] }, Token);
        Assert.Equal("a STO", text);
    }

    [Fact]
    public async Task StartAsync_FamilyStopText_EndsTheAnswer()
    {
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => "yes USER: and now?";
        var (text, _) = await host.AnswerAsync(InferenceHost.Ask("Is it?"), Token);
        Assert.Equal("yes ", text);
    }

    [Theory]
    [InlineData("grün 日本 😀 e\u0301", "grün 日本 😀 e\u0301")]
    public async Task SCH11_CharactersSplitOverTokens_LeaveWhole(string answer, string expected)
    {
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => answer;
        await using var generation = await host.Generator.StartAsync(InferenceHost.Ask("Say it"), Token);
        var text = "";
        await foreach (var update in generation.ReadAllAsync(Token))
        {
            Assert.True(update.Text.Length == 0 || !char.IsHighSurrogate(update.Text[^1]));
            text += update.Text;
        }

        Assert.Equal(expected, text);
    }
}
