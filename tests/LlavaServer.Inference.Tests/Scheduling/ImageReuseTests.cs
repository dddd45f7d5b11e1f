using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Tests.Fakes;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>A picture is encoded once, whoever asks, and never taken for another.</summary>
public sealed class ImageReuseTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task IMG10_PictureSeenBefore_OtherClientAndSystemPrompt_IsNotEncodedAgain()
    {
        await using var host = new InferenceHost();
        var picture = TestImages.Png(30, 20, SKColors.Red);
        await host.AnswerAsync(WithSystem("You are terse.", picture), Token);
        await using var fresh = new InferenceHost();
        var expected = await fresh.AnswerAsync(WithSystem("Answer like a pirate.", picture), Token);
        var again = await host.AnswerAsync(WithSystem("Answer like a pirate.", [.. picture]), Token);
        Assert.Equal(expected.Text, again.Text);
        Assert.Equal(1, host.Factory.Vision!.Encodes);
    }

    [Fact]
    public async Task Request_SamePictureFromManyClientsAtOnce_IsEncodedOnce()
    {
        await using var host = new InferenceHost();
        using var gate = new ManualResetEventSlim();
        host.Factory.Vision!.OnEncode = gate.Wait;
        var picture = TestImages.Png(8, 8, SKColors.Green);
        var answers = Enumerable.Range(0, 4).Select(i => host.AnswerAsync(InferenceHost.Ask($"{i}?", picture), Token)).ToArray();
        while (host.Model.Queue.Counts.Running < 4)
        {
            await Task.Delay(1, Token);
        }

        gate.Set();
        await Task.WhenAll(answers);
        Assert.Equal(1, host.Factory.Vision.Encodes);
        await host.AssertIdleAsync();
    }

    [Theory]
    [InlineData(512 << 20)]
    [InlineData(0)]
    public async Task IMG10_EqualQuestionsOtherPictures_TogetherAsAlone(long cacheBytes)
    {
        // The first two have the same bytes, the third has another colour, the fourth another pixel.
        using var dotted = TestImages.Solid(30, 100, SKColors.Red);
        dotted.SetPixel(29, 99, new SKColor(254, 0, 0));
        byte[][] pictures =
        [
            TestImages.Png(30, 100, SKColors.Red),
            TestImages.Png(100, 30, SKColors.Red),
            TestImages.Png(30, 100, SKColors.Blue),
            TestImages.Encode(dotted, SKEncodedImageFormat.Png),
        ];
        var alone = new List<string>();
        foreach (var picture in pictures)
        {
            await using var fresh = new InferenceHost();
            alone.Add((await fresh.AnswerAsync(InferenceHost.Ask("Which?", picture), Token)).Text);
        }

        Assert.Equal(pictures.Length, alone.Distinct().Count());
        await using var host = new InferenceHost(configure: o => o.Cache.ImageBytes = cacheBytes);
        for (var round = 0; round < 3; round++)
        {
            var together = await Task.WhenAll(pictures.Select(picture => host.AnswerAsync(InferenceHost.Ask("Which?", picture), Token)));
            Assert.Equal(alone, together.Select(a => a.Text));
        }

        Assert.InRange(host.Cache.Bytes, 0, cacheBytes);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task Request_PictureWasCancelledWhileEncoded_IsEncodedForTheNextClient()
    {
        await using var host = new InferenceHost();
        using var begun = new SemaphoreSlim(0);
        host.Factory.Vision!.OnEncode = cancelled =>
        {
            begun.Release();
            cancelled.WaitHandle.WaitOne();
        };
        var picture = TestImages.Png(8, 8, SKColors.Green);
        using var leaves = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var first = host.AnswerAsync(InferenceHost.Ask("?", picture), leaves.Token);
        await begun.WaitAsync(Token);
        host.Factory.Vision.OnEncode = _ => { };
        await leaves.CancelAsync();
        var (text, _) = await host.AnswerAsync(InferenceHost.Ask("?", picture), Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.NotEmpty(text);
        Assert.Equal(2, host.Factory.Vision.Encodes);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task IMG10_FirstOfTwoClientsLeavesBeforeItsPictureIsEncoded_TheOtherGetsTheRightAnswer()
    {
        var picture = TestImages.Png(9, 8, SKColors.Green);
        await using var fresh = new InferenceHost();
        var expected = (await fresh.AnswerAsync(InferenceHost.Ask("second?", picture), Token)).Text;
        await using var host = new InferenceHost();
        using var gate = new ManualResetEventSlim();
        host.Factory.Vision!.OnEncode = gate.Wait;
        var busy = host.AnswerAsync(InferenceHost.Ask("busy", TestImages.Png(8, 8, SKColors.Red)), Token);
        using var leaves = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var first = host.AnswerAsync(InferenceHost.Ask("first?", picture), leaves.Token);
        while (host.Model.Queue.Counts.Running < 2)
        {
            await Task.Delay(1, Token);
        }

        var second = host.AnswerAsync(InferenceHost.Ask("second?", picture), Token);
        while (host.Model.Queue.Counts.Running < 3)
        {
            await Task.Delay(1, Token);
        }

        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.Set();
        await busy;
        Assert.Equal(expected, (await second).Text);
        Assert.Equal(2, host.Factory.Vision.Encodes);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task Encode_AnotherClientIsAnswered_BothGoOnInTurns()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider { AutoAdvanceAmount = TimeSpan.FromTicks(1) };
        await using var host = new InferenceHost(new FakeEngineFactory { Vision = new FakeVisionEncoder(), ContextLength = 100_000 }, time: time);
        host.Factory.EndlessToken = FakeTokenizer.FirstByte + 'x';
        var working = 0;
        var overlaps = 0;
        host.Factory.OnDecode = batch => overlaps += batch.GivesWay ? 0 : Volatile.Read(ref working);
        host.Factory.Vision!.OnWork = (turns, cancelled) =>
        {
            turns.Enter();
            for (var last = host.Factory.Steps + 20; host.Factory.Steps < last;)
            {
                turns.Yield(cancelled);
                Volatile.Write(ref working, 1);
                Thread.SpinWait(20);
                Volatile.Write(ref working, 0);
            }

            turns.Leave();
        };
        using var leaves = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var stream = await host.Generator.StartAsync(InferenceHost.Ask("endless"), leaves.Token);
        var reading = InferenceHost.ReadAsync(stream, leaves.Token);
        await host.AnswerAsync(InferenceHost.Ask("?", TestImages.Png(8, 8, SKColors.Green)) with { MaxTokens = 1 }, Token);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Equal(0, overlaps);
        Assert.Equal(1, host.Factory.Vision.Encodes);
    }

    private static GenerationRequest WithSystem(string system, byte[] picture)
    {
        var request = InferenceHost.Ask("What is it?", picture);
        return request with { Messages = [new ChatMessage(ChatRole.System, [MessagePart.FromText(system)]), .. request.Messages] };
    }
}
