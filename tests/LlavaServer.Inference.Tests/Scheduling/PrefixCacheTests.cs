using LlavaServer.Inference.Images;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Scheduling;
using LlavaServer.Inference.Tests.Fakes;
using SkiaSharp;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>What is computed once for all who begin alike, how long it is kept, and that it is never taken for something else.</summary>
public sealed class PrefixCacheTests
{
    private const string Long = "a question that is long enough to be worth waiting for, by far more than one block of positions";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Assign_MoreConversationsThanSlots_EachFindsItsBeginning()
    {
        await using var host = new InferenceHost(configure: o => (o.Engine.Slots, o.Cache.PrefixSequences) = (1, 8));
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 8; i++)
            {
                var (text, last) = await host.AnswerAsync(InferenceHost.Ask($"{i} {Long}"), Token);
                Assert.Equal(FakeEngineFactory.Fingerprint($"<s>USER: {i} {Long} ASSISTANT:"), text);
                Assert.Equal(round == 0 ? (i == 0 ? 0 : "<USER: ".Length) : last.Usage!.PromptTokens - 1, last.Usage!.CachedTokens);
            }
        }

        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task Assign_MoreConversationsThanAreKept_LeastRecentlyUsedIsForgotten()
    {
        await using var host = new InferenceHost(configure: o => (o.Engine.Slots, o.Cache.PrefixSequences) = (1, 2));
        async Task<int> CachedAsync(string name)
        {
            var usage = (await host.AnswerAsync(InferenceHost.Ask(name + Long), Token)).Last.Usage!;
            return usage.CachedTokens == usage.PromptTokens - 1 ? 1 : 0;
        }

        // Three ids: A is used again, so B goes for D.
        Assert.Equal((0, 0, 0), (await CachedAsync("A"), await CachedAsync("B"), await CachedAsync("C")));
        Assert.Equal((1, 0), (await CachedAsync("A"), await CachedAsync("D")));
        Assert.Equal((1, 1, 0), (await CachedAsync("A"), await CachedAsync("D"), await CachedAsync("B")));
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task Evict_MemoryIsNeeded_OldEndsGoFirstAndSharedBeginningsLast()
    {
        var factory = new FakeEngineFactory { ContextLength = 1024, KVPositions = 1300, Answer = _ => "k" };
        await using var host = new InferenceHost(factory, o => (o.Engine.Slots, o.Cache.PrefixSequences) = (1, 16));
        var system = new string('s', 300);
        GenerationRequest Ask(string question) => InferenceHost.Ask(question) with
        {
            Messages = [new(ChatRole.System, [MessagePart.FromText(system)]), new(ChatRole.User, [MessagePart.FromText(question)])],
        };
        for (var i = 0; i < 12; i++)
        {
            var (_, last) = await host.AnswerAsync(Ask($"{i} {new string((char)('a' + i), 200)}"), Token);
            Assert.True(i == 0 || last.Usage!.CachedTokens >= 300, $"question {i}: {last.Usage!.CachedTokens} cached");
        }

        Assert.True(factory.NoSpaces > 0);
        var (_, newest) = await host.AnswerAsync(Ask($"11 {new string('l', 200)}"), Token);
        Assert.Equal(newest.Usage!.PromptTokens - 1, newest.Usage.CachedTokens);
        var (_, oldest) = await host.AnswerAsync(Ask($"0 {new string('a', 200)}"), Token);
        Assert.InRange(oldest.Usage!.CachedTokens, 300, 340);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task Assign_EarlierMessageEdited_PrefixEndsAtTheEdit()
    {
        await using var host = new InferenceHost();
        GenerationRequest Ask(params string[] turns) => InferenceHost.Ask("") with
        {
            Messages = [.. turns.Select((t, i) => new ChatMessage(i % 2 == 0 ? ChatRole.User : ChatRole.Assistant, [MessagePart.FromText(t)]))],
        };
        await host.AnswerAsync(Ask(Long + " one", "an answer", "and now?"), Token);
        foreach (var turns in (string[][])[[Long + " two", "an answer", "and now?"], [Long + " one", "another answer", "and now?"], [Long + " one", "an answer", "and then?"]])
        {
            await using var fresh = new InferenceHost();
            var expected = await fresh.AnswerAsync(Ask(turns), Token);
            var (text, last) = await host.AnswerAsync(Ask(turns), Token);
            Assert.Equal(expected.Text, text);
            Assert.InRange(last.Usage!.CachedTokens, Long.Length, last.Usage.PromptTokens - 2);
        }

        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task Assign_TwoUsersWithOnePictureTogether_ItsRowsAreComputedOnce()
    {
        await using var host = new InferenceHost(configure: o => o.Engine.StepRows = 16);
        using var encode = new ManualResetEventSlim();
        host.Factory.Answer = _ => "k";
        host.Factory.Vision!.OnEncode = token => encode.Wait(token);
        var picture = TestImages.Png(5, 5, SKColors.Red);

        // Requests that wait for a load come into the queue in any order.
        (await host.Pool.LoadAsync(host.Model.Entry, new ModelDemand(), Token)).Dispose();
        var first = await host.Generator.StartAsync(InferenceHost.Ask(Long + " One?", picture), Token);
        var second = await host.Generator.StartAsync(InferenceHost.Ask(Long + " Two?", picture), Token);
        var third = await host.Generator.StartAsync(InferenceHost.Ask(Long + " Two? Or three?", picture), Token);
        encode.Set();
        var usages = new List<UsageDetails>();
        foreach (var generation in new[] { first, second, third })
        {
            usages.Add((await InferenceHost.ReadAsync(generation, Token)).Last.Usage!);
        }

        var shared = "<USER: ".Length + FakeVisionEncoder.Rows + 1 + Long.Length + 1;
        Assert.Equal(0, usages[0].CachedTokens);
        Assert.Equal(shared, usages[1].CachedTokens);
        Assert.InRange(usages[2].CachedTokens, shared, shared + " Two?".Length);
        Assert.Equal(1, host.Factory.Vision.Encodes);

        // Each answer is "k" and its end: one row of its own after the prompt.
        Assert.Equal(usages.Sum(u => u.PromptTokens - u.CachedTokens + 1), host.Factory.ComputedRows);
        await host.AssertIdleAsync();
    }

    [Fact]
    public async Task Join_LeaderLeaves_FollowerGoesOnWithWhatIsThere()
    {
        await using var host = new InferenceHost(configure: o => o.Engine.StepRows = 8);
        using var gate = new SemaphoreSlim(0);
        host.Factory.OnDecode = _ => gate.Wait(host.Closing);
        (await host.Pool.LoadAsync(host.Model.Entry, new ModelDemand(), Token)).Dispose();
        var leader = await host.Generator.StartAsync(InferenceHost.Ask(Long + " One?"), Token);
        var follower = await host.Generator.StartAsync(InferenceHost.Ask(Long + " Two?"), Token);
        gate.Release(5);
        while (host.Factory.ComputedRows < 40)
        {
            await Task.Delay(1, Token);
        }

        await leader.DisposeAsync();
        gate.Release(10_000);
        var (text, last) = await InferenceHost.ReadAsync(follower, Token);
        Assert.Equal(FakeEngineFactory.Fingerprint($"<s>USER: {Long} Two? ASSISTANT:"), text);
        Assert.InRange(last.Usage!.CachedTokens, 40, 48);
        await host.AssertIdleAsync();
    }

    [Fact]
    public void SCH22_PicturesWhoseHashCodesCollide_AreDifferentItems()
    {
        // 64 bits fold to 32 by exclusive or, so these are equal to a hash table until it compares them.
        var one = new ContentHash(1, 2, 3, 4);
        var other = new ContentHash(1UL << 32, 2, 3, 4);
        Assert.Equal(one.GetHashCode(), other.GetHashCode());
        var items = new PrefixItems();
        long[] Rows(ContentHash hash) => items.Of(SequenceOf(PromptOf(hash))).ToArray();
        Assert.Equal(Rows(one), Rows(one));
        Assert.Empty(Rows(one)[1..].Intersect(Rows(other)[1..]));
        Assert.Equal(1, PromptOf(one).CommonPrefix(PromptOf(other)));
        Assert.Equal(4, PromptOf(one).CommonPrefix(PromptOf(one)));
    }

    [Fact]
    public void SCH22_MorePicturesThanAreRemembered_NumbersAreNotUsedTwice()
    {
        var items = new PrefixItems();
        var seen = new HashSet<long>();
        for (var i = 0UL; i < 10_000; i++)
        {
            foreach (var item in items.Of(SequenceOf(PromptOf(new ContentHash(i, 0, 0, 0)))).ToArray()[1..])
            {
                Assert.True(item < 0 && seen.Add(item));
            }
        }
    }

    private static Prompt PromptOf(ContentHash hash) => new([1, -1, -1, -1], [new PromptImage(1, 3, new Picture(default, "", hash, null, null))]);

    private static Sequence SequenceOf(Prompt prompt)
    {
        var places = new QueuePlaces(1, 0, TimeProvider.System);
        var request = new SequenceRequest { Prompt = prompt, Sampler = new(new(), 8), MaxTokens = 1, Stop = [] };
        return new Sequence(request, new RequestQueue(places), places.TryReserve("")!, new FakeTokenizer(), TimeProvider.System);
    }
}
