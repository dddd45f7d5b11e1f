using LlavaServer.Inference.Embeddings;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Tests.Fakes;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Embeddings;

/// <summary>
/// Embeddings through queue, slots and cache. The fake engine's hidden state is the row's token and the sum of all that was fed to its sequence, so a
/// missed, doubled or foreign row changes the vector.
/// </summary>
public sealed class TextEmbedderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("mean")]
    [InlineData("cls")]
    [InlineData("last")]
    [InlineData("auto")]
    public async Task EmbedAsync_EachPooling_TakesItsRows(string pooling)
    {
        await using var host = new InferenceHost(configure: o => (o.Models.Pooling, o.Engine.StepRows) = (pooling, 7));
        var result = await host.Embedder.EmbedAsync(Texts("hello world", "b", "hello there"), Token);
        Assert.Equal(
            new[] { "hello world", "b", "hello there" }.Select(text => Expected([FakeTokenizer.Bos, .. text.Select(c => FakeTokenizer.FirstByte + c)], pooling)),
            result.Embeddings);
        Assert.Equal((26, 0, 0), (result.Usage.PromptTokens, result.Usage.CompletionTokens, result.Usage.ImageTokens));
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task EmbedAsync_Tokens_AreTakenAsTheyAre()
    {
        await using var host = new InferenceHost();
        var result = await host.Embedder.EmbedAsync(Request([MessagePart.FromTokens([70, 80])], [MessagePart.FromTokens([90])]), Token);
        Assert.Equal([Expected([70, 80], "last"), Expected([90], "last")], result.Embeddings);
        Assert.Equal(3, result.Usage.PromptTokens);
    }

    [Fact]
    public async Task EmbedAsync_ManyInputs_FillTheSlotsTogether()
    {
        await using var host = new InferenceHost(configure: o => (o.Engine.Slots, o.Models.Pooling) = (4, "mean"));
        var inputs = Enumerable.Range(0, 60).Select(i => $"input {i}").ToArray();
        var result = await host.Embedder.EmbedAsync(Texts(inputs), Token);
        Assert.Equal(inputs.Select(text => Expected([FakeTokenizer.Bos, .. text.Select(c => FakeTokenizer.FirstByte + c)], "mean")), result.Embeddings);
        Assert.InRange(host.Factory.MostSequences, 2, 4);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task EmbedAsync_FullQueue_FirstInputIsRefusedLaterOnesWait()
    {
        await using var host = new InferenceHost(configure: o => (o.Engine.Slots, o.Queue.MaxQueue) = (1, 0));
        var entered = new TaskCompletionSource();
        using var go = new SemaphoreSlim(0);
        host.Factory.OnDecode = _ =>
        {
            entered.TrySetResult();
            go.Wait(host.Closing);
        };
        var first = host.Embedder.EmbedAsync(Texts("one", "two"), Token);
        await entered.Task.WaitAsync(Token);
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => host.Embedder.EmbedAsync(Texts("three"), Token));
        Assert.Equal(InferenceError.QueueFull, refusal.Error);
        go.Release(100);
        Assert.Equal(2, (await first).Embeddings.Count);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task EmbedAsync_PictureAndText_OneVector()
    {
        await using var host = new InferenceHost(configure: o => o.Models.Pooling = "mean");
        var picture = TestImages.Encode(TestImages.Solid(8, 8, SKColors.Red), SKEncodedImageFormat.Png);
        var other = TestImages.Encode(TestImages.Solid(8, 8, SKColors.Blue), SKEncodedImageFormat.Png);
        MessagePart[] Parts(byte[] bytes) => [MessagePart.FromText("what"), MessagePart.FromImage(bytes, "input[1]")];
        var result = await host.Embedder.EmbedAsync(Request(Parts(picture), Parts(other), Parts(picture)), Token);
        Assert.Equal(result.Embeddings[0], result.Embeddings[2]);
        Assert.NotEqual(result.Embeddings[0], result.Embeddings[1]);
        Assert.True(result.Usage.ImageTokens > 0);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task SCH1_ClientLeavesDuringAnInput_NothingIsLeft()
    {
        await using var host = new InferenceHost(configure: o => o.Engine.Slots = 2);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Token);
        host.Factory.OnDecode = _ => leaving.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => host.Embedder.EmbedAsync(Texts([.. Enumerable.Range(0, 20).Select(i => $"{i}")]), leaving.Token));
        await host.AssertIdleAsync();
        Assert.InRange(host.Factory.Steps, 1, 4);
    }

    [Fact]
    public async Task SCH8_InputAsLongAsTheContext_IsServedOneMoreIsRefusedByName()
    {
        await using var host = new InferenceHost(new FakeEngineFactory { ContextLength = 64 }, o => o.Engine.ContextLength = 64);
        Assert.Single((await host.Embedder.EmbedAsync(Texts(new string('a', 63)), Token)).Embeddings);
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => host.Embedder.EmbedAsync(Texts("b", new string('a', 64)), Token));
        Assert.Equal((InferenceError.PromptTooLong, "input[1]", 65, 64), (refusal.Error, refusal.Parameter, refusal.PromptTokens, refusal.ContextLength));
        var cut = await host.Embedder.EmbedAsync(Texts(new string('a', 64)) with { Truncates = true }, Token);
        Assert.Equal(64, cut.Usage.PromptTokens);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task EmbedAsync_SwitchedOff_Refused()
    {
        await using var host = new InferenceHost(configure: o => o.Models.Pooling = "off");
        var refusal = await Assert.ThrowsAsync<InferenceException>(() => host.Embedder.EmbedAsync(Texts("a"), Token));
        Assert.Equal((InferenceError.EmbeddingsNotSupported, "model"), (refusal.Error, refusal.Parameter));
    }

    [Theory]
    [InlineData("mean")]
    [InlineData("last")]
    public async Task SCH17_SetBackForWantOfMemory_VectorsAreThoseOfAnUndisturbedRun(string pooling)
    {
        await using var host = new InferenceHost(
            new FakeEngineFactory { KVPositions = 96 }, o => (o.Models.Pooling, o.Engine.Slots, o.Engine.StepRows) = (pooling, 3, 16));
        var inputs = Enumerable.Range(0, 6).Select(i => new string((char)('a' + i), 60)).ToArray();
        var result = await host.Embedder.EmbedAsync(Texts(inputs), Token);
        Assert.Equal(inputs.Select(text => Expected([FakeTokenizer.Bos, .. text.Select(c => FakeTokenizer.FirstByte + c)], pooling)), result.Embeddings);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task EmbedAsync_BesideAnswers_BothAsAlone()
    {
        await using var host = new InferenceHost(configure: o => (o.Engine.Slots, o.Models.Pooling) = (4, "mean"));
        var alone = await host.AnswerAsync(InferenceHost.Ask("who?"), Token);
        var embedding = host.Embedder.EmbedAsync(Texts([.. Enumerable.Range(0, 30).Select(_ => "text")]), Token);
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => host.AnswerAsync(InferenceHost.Ask("who?"), Token)));
        Assert.All(answers, answer => Assert.Equal(alone.Text, answer.Text));
        Assert.All((await embedding).Embeddings, vector => Assert.Equal(Expected([FakeTokenizer.Bos, .. "text".Select(c => FakeTokenizer.FirstByte + c)], "mean"), vector));
    }

    private static EmbeddingRequest Texts(params string[] texts) => Request([.. texts.Select(text => new[] { MessagePart.FromText(text) })]);

    private static EmbeddingRequest Request(params MessagePart[][] inputs) =>
        new() { Model = "eye", Inputs = [.. inputs.Select((parts, i) => new EmbeddingInput(parts, $"input[{i}]"))] };

    private static float[] Expected(int[] tokens, string pooling)
    {
        var first = pooling is "last" or "auto" ? tokens.Length - 1 : 0;
        var end = pooling == "cls" ? 1 : tokens.Length;
        double x = 0;
        double y = 0;
        for (var i = first; i < end; i++)
        {
            x += tokens[i];
            y += tokens[..(i + 1)].Sum();
        }

        var norm = 1 / Math.Sqrt((x * x) + (y * y));
        return [(float)(x * norm), (float)(y * norm)];
    }
}
