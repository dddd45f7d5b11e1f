using LlavaServer.Inference.Images;
using LlavaServer.Inference.Tests.Fakes;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>Faults of engine, encoder and files: who is hit, who is not, and what comes after.</summary>
public sealed class FailureTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SCH10_FailureAfterText_TextFirstThenTheError()
    {
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => "abcdef";
        var steps = 0;
        host.Factory.OnDecode = _ =>
        {
            if (++steps >= 4)
            {
                throw new InvalidOperationException("pointer 0xdeadbeef");
            }
        };
        var text = "";
        var failure = await Assert.ThrowsAsync<InferenceException>(async () =>
        {
            await using var generation = await host.Generator.StartAsync(InferenceHost.Ask("x"), Token);
            await foreach (var update in generation.ReadAllAsync(Token))
            {
                Assert.Null(update.FinishReason);
                text += update.Text;
            }
        });
        Assert.Equal(InferenceError.EngineFailed, failure.Error);
        Assert.DoesNotContain("0xdeadbeef", failure.Message);
        Assert.Equal("abc", text);

        // Tried twice; whether the engine is there again depends on whether the client was gone before.
        Assert.InRange(host.Factory.Loads, 2, 3);
        host.Factory.OnDecode = _ => { };
        Assert.Equal("abcdef", (await host.AnswerAsync(InferenceHost.Ask("again"), Token)).Text);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task Encode_Fails_OnlyThatRequest()
    {
        await using var host = new InferenceHost();
        host.Factory.Vision!.OnEncode = _ => throw new InvalidOperationException("inside");
        var seeing = host.AnswerAsync(InferenceHost.Ask("See?", TestImages.Png(2, 2, SKColors.Red)), Token);
        var reading = host.AnswerAsync(InferenceHost.Ask("Read?"), Token);
        var failure = await Assert.ThrowsAsync<InferenceException>(() => seeing);
        Assert.Equal(InferenceError.EngineFailed, failure.Error);
        Assert.Equal(FakeEngineFactory.Fingerprint("<s>USER: Read? ASSISTANT:"), (await reading).Text);
        Assert.Equal(1, host.Factory.Loads);
        await host.AssertIdleAsync();

        host.Factory.Vision.OnEncode = _ => { };
        await host.AnswerAsync(InferenceHost.Ask("See?", TestImages.Png(2, 2, SKColors.Red)), Token);
    }

    [Fact]
    public async Task SCH12_LoadFails_EveryWaiterGetsTheReasonAndTheNextRequestTriesAgain()
    {
        await using var host = new InferenceHost();
        using var gate = new ManualResetEventSlim();
        host.Factory.OnLoad = _ =>
        {
            gate.Wait(host.Closing);
            throw new InferenceException(InferenceError.ModelLoadFailed, "tensor 'x' is missing");
        };
        var waiters = Enumerable.Range(0, 8).Select(i => host.AnswerAsync(InferenceHost.Ask($"{i}"), Token)).ToArray();
        gate.Set();
        foreach (var waiter in waiters)
        {
            var failure = await Assert.ThrowsAsync<InferenceException>(() => waiter);
            Assert.Equal(InferenceError.ModelLoadFailed, failure.Error);
            Assert.Equal("tensor 'x' is missing", failure.Message);
        }

        Assert.Equal(1, host.Factory.Loads);
        await host.AssertIdleAsync();
        host.Factory.OnLoad = _ => { };
        await host.AnswerAsync(InferenceHost.Ask("now"), Token);
        Assert.Equal(2, host.Factory.Loads);
    }

    [Fact]
    public async Task SCH12_ManyFirstRequests_LoadOnce()
    {
        await using var host = new InferenceHost();
        host.Factory.OnLoad = _ => Thread.Sleep(50);
        await Task.WhenAll(Enumerable.Range(0, 30).Select(i => host.AnswerAsync(InferenceHost.Ask($"{i}"), Token)));
        Assert.Equal(1, host.Factory.Loads);
        Assert.Single(host.Pool.Loaded);
    }

    [Fact]
    public async Task Load_TransientReadError_IsRetriedAndLastingOnesAreNot()
    {
        await using var host = new InferenceHost();
        var attempts = 0;
        host.Factory.OnLoad = _ =>
        {
            if (++attempts < 3)
            {
                throw new IOException("share is away: /secret/path");
            }
        };
        await host.AnswerAsync(InferenceHost.Ask("x"), Token);
        Assert.Equal(3, attempts);

        await using var broken = new InferenceHost();
        broken.Factory.OnLoad = _ => throw new FileNotFoundException("/secret/path");
        var failure = await Assert.ThrowsAsync<InferenceException>(() => broken.AnswerAsync(InferenceHost.Ask("x"), Token));
        Assert.Equal(InferenceError.ModelLoadFailed, failure.Error);
        Assert.DoesNotContain("secret", failure.Message);
        Assert.Equal(1, broken.Factory.Loads);
    }

    [Fact]
    public async Task StartAsync_UnknownModel_IsNotFound()
    {
        await using var host = new InferenceHost();
        var failure = await Assert.ThrowsAsync<InferenceException>(() => host.Generator.StartAsync(InferenceHost.Ask("x") with { Model = "other" }, Token));
        Assert.Equal(InferenceError.ModelNotFound, failure.Error);
        await host.AnswerAsync(InferenceHost.Ask("x") with { Model = "EYE:latest" }, Token);
        await host.AnswerAsync(InferenceHost.Ask("x") with { Model = "" }, Token);
    }

    [Fact]
    public async Task IMG16_PictureForATextModel_RefusedBeforeDecoding()
    {
        await using var host = new InferenceHost(new FakeEngineFactory());
        var failure = await Assert.ThrowsAsync<InferenceException>(() => host.Generator.StartAsync(InferenceHost.Ask("x", [1, 2, 3]), Token));
        Assert.Equal(InferenceError.ImageNotSupported, failure.Error);
        Assert.Equal("messages[0].content[0]", failure.Parameter);
        await host.AssertIdleAsync();
        await host.AnswerAsync(InferenceHost.Ask("x"), Token);
    }

    [Fact]
    public async Task StartAsync_BadPictures_RefusedWithTheirPlaceAndNothingIsHeld()
    {
        await using var host = new InferenceHost();
        var good = TestImages.Png(2, 2, SKColors.Red);
        var failure = await Assert.ThrowsAsync<InferenceException>(() => host.Generator.StartAsync(InferenceHost.Ask("x", good, good[..40]), Token));
        Assert.Equal((InferenceError.InvalidImage, ImageError.ParseError), (failure.Error, failure.ImageError));
        Assert.Equal("messages[0].content[1]", failure.Parameter);

        failure = await Assert.ThrowsAsync<InferenceException>(() => host.Generator.StartAsync(InferenceHost.Ask("x", [.. Enumerable.Repeat(good, 17)]), Token));
        Assert.Equal(ImageError.TooMany, failure.ImageError);
        await host.AssertIdleAsync();
        Assert.Equal(16 * FakeVisionEncoder.Rows, (await host.AnswerAsync(InferenceHost.Ask("x", [.. Enumerable.Repeat(good, 16)]), Token)).Last.Usage!.ImageTokens);
    }
}
