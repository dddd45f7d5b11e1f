using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;
using LlavaServer.Inference.Tests.Fakes;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>
/// Thousands of requests with everything that can happen to them, against a model of what must hold: who stays gets exactly the answer of an engine of
/// its own, with the right counts; who leaves costs nobody anything; and afterwards nothing is left.
/// </summary>
[Collection(nameof(AloneCollection))]
public sealed class InvariantTests
{
    private const int RequestsPerRound = 400;
    private readonly Lock _gate = new();
    private MersenneTwister _random = new(0);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(11u)]
    [InlineData(12u)]
    public async Task SCH1_SCH16_SCH17_RequestsCancelsDeathsAndEvictions_RightAnswersAndNothingLeft(uint seed)
    {
        _random = new MersenneTwister(seed);
        var factory = new FakeEngineFactory { Vision = new FakeVisionEncoder(), ContextLength = 400, KVPositions = 1000, Answer = Answer };
        await using var host = new InferenceHost(
            factory, o => (o.Engine.Slots, o.Engine.StepRows, o.Cache.PrefixSequences, o.Cache.ImageBytes, o.Queue.MaxQueue) = (6, 48, 5, 100, 1000));
        byte[][] pictures = [.. Enumerable.Range(0, 4).Select(i => TestImages.Png(2 + i, 3, SKColors.Red))];
        var values = await ValuesAsync(pictures);
        var sinceDeath = 0;
        factory.OnDecode = _ =>
        {
            // Far enough apart for most to have recovered.
            if (++sinceDeath > 150 && Below(60) == 0)
            {
                sinceDeath = 0;
                throw new InvalidOperationException("dead");
            }
        };
        var (answered, left, failed) = (0, 0, 0);
        for (var round = 0; round < 3; round++)
        {
            await Parallel.ForEachAsync(
                Enumerable.Range(0, RequestsPerRound),
                new ParallelOptions { MaxDegreeOfParallelism = 20, CancellationToken = Token },
                async (_, token) =>
                {
                    var (request, fed) = Request(pictures, values);
                    try
                    {
                        if (await AnswersAsync(host, request, fed, seed, token))
                        {
                            Interlocked.Increment(ref answered);
                        }
                        else
                        {
                            Interlocked.Increment(ref left);
                        }
                    }
                    catch (InferenceException failure) when (failure.Error == InferenceError.EngineFailed)
                    {
                        Interlocked.Increment(ref failed);
                    }
                });
            await host.AssertIdleAsync();
            Assert.InRange(host.Cache.Bytes, 0, 100);
        }

        Assert.Equal(3 * RequestsPerRound, answered + left + failed);

        // A request that two deaths met without a token between is given up; a step has one of them at most, and the first death takes none.
        Assert.InRange(failed, 0, Math.Max(0, factory.Loads - 2));
        Assert.True(answered > RequestsPerRound, $"seed {seed}: {answered} answered, {left} left");
        Assert.True(left > 50 && factory.Loads > 3 && factory.NoSpaces > 10 && factory.Copied > 50, $"seed {seed}: {left} left, {factory.Loads} loads, {factory.NoSpaces} without memory, {factory.Copied} copies");
    }

    [Fact]
    public async Task MEM1_TenThousandRequests_MemoryIsSteady()
    {
        _random = new MersenneTwister(7);
        var factory = new FakeEngineFactory { Vision = new FakeVisionEncoder(), KVPositions = 4000, Answer = _ => "k" };
        await using var host = new InferenceHost(factory, o => (o.Engine.Slots, o.Cache.PrefixSequences, o.Cache.ImageBytes) = (8, 24, 10_000));
        byte[][] pictures = [.. Enumerable.Range(0, 8).Select(i => TestImages.Png(2 + i, 3, SKColors.Red))];
        async Task<long> AnswerAsync(int count)
        {
            await Parallel.ForEachAsync(
                Enumerable.Range(0, count),
                new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Token },
                async (_, token) =>
                {
                    byte[][] images = Below(20) == 0 ? [pictures[Below(8)]] : [];
                    await host.AnswerAsync(InferenceHost.Ask($"{Below(1 << 30)} {new string((char)('a' + Below(26)), Below(60))}", images), token);
                });
            await host.AssertIdleAsync();
            return GC.GetTotalMemory(forceFullCollection: true);
        }

        var before = await AnswerAsync(1_000);
        var after = await AnswerAsync(9_000);
        TestContext.Current.SendDiagnosticMessage($"managed memory after 1,000 requests {before} bytes, after 10,000 {after} bytes");
        Assert.InRange(after - before, long.MinValue, 1 << 20);
    }

    private static string Answer(string fed) => FakeEngineFactory.Fingerprint(fed) + new string('.', fed.Length % 70);

    private int Below(int n)
    {
        lock (_gate)
        {
            return (int)(_random.NextUInt32() % (uint)n);
        }
    }

    // What the engine is fed for each picture, learnt from engines of their own.
    private static async Task<string[]> ValuesAsync(byte[][] pictures)
    {
        var values = new List<string>();
        foreach (var picture in pictures)
        {
            await using var alone = new InferenceHost();
            var fed = "";
            alone.Factory.Answer = text => fed = text;
            await alone.AnswerAsync(InferenceHost.Ask("?", picture), Token);
            values.Add(fed["<s>USER: ".Length..fed.IndexOf("\n?", StringComparison.Ordinal)]);
        }

        return [.. values];
    }

    // Few beginnings and few pictures, so that much is shared; conversations of one or two turns.
    private (GenerationRequest Request, string Fed) Request(byte[][] pictures, string[] values)
    {
        var picture = Below(2 * pictures.Length);
        byte[][] images = picture < pictures.Length ? [pictures[picture]] : [];
        var question = new string((char)('a' + Below(3)), 20 + Below(60)) + Below(4);
        var fed = $"<s>USER: {(images.Length > 0 ? values[picture] + "\n" : "")}{question} ASSISTANT:";
        var request = InferenceHost.Ask(question, images);
        if (Below(3) != 0)
        {
            return (request, fed);
        }

        var first = Answer(fed);
        var next = $"And {Below(5)}?";
        return (
            request with
            {
                Messages =
                [
                    .. request.Messages, new(ChatRole.Assistant, [MessagePart.FromText(first)]), new(ChatRole.User, [MessagePart.FromText(next)]),
                ],
            },
            $"{fed} {first}</s>USER: {next} ASSISTANT:");
    }

    // False if the client left.
    private async Task<bool> AnswersAsync(InferenceHost host, GenerationRequest request, string fed, uint seed, CancellationToken token)
    {
        using var client = CancellationTokenSource.CreateLinkedTokenSource(token);
        var patience = Below(4) == 0 ? Below(60) : int.MaxValue;
        if (patience < 20)
        {
            client.CancelAfter(patience);
        }

        try
        {
            await using var generation = await host.Generator.StartAsync(request, client.Token);
            var text = "";
            await foreach (var update in generation.ReadAllAsync(client.Token).WithCancellation(token))
            {
                text += update.Text;
                if (text.Length > patience)
                {
                    return false;
                }

                if (update.FinishReason is { } reason)
                {
                    Assert.Equal((FinishReason.Stop, text.Length + 1), (reason, update.Usage!.CompletionTokens));
                    Assert.InRange(update.Usage.CachedTokens, 0, update.Usage.PromptTokens - 1);
                }
            }

            Assert.True(Answer(fed) == text, $"seed {seed}: '{fed}' was answered '{text}'");
            return true;
        }
        catch (OperationCanceledException) when (client.IsCancellationRequested)
        {
            return false;
        }
    }
}
