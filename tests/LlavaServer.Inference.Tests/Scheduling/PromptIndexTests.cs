using LlavaServer.Inference.Images;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Scheduling;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>What is remembered of prompts to choose an engine by.</summary>
public sealed class PromptIndexTests
{
    private const int Block = PrefixNode.Size;

    [Fact]
    public void Match_WholeBlocksOfTheSameContentAndScope_AreCounted()
    {
        var index = new PromptIndex(100);
        index.Add(PromptIndex.Chain(Tokens((4 * Block) + 3), "a"));
        Assert.Equal(4, index.Match(PromptIndex.Chain(Tokens((4 * Block) + 3), "a")));
        Assert.Equal(2, index.Match(PromptIndex.Chain(Tokens((2 * Block) + 7), "a")));
        Assert.Equal(2, index.Match(PromptIndex.Chain(Tokens((4 * Block) + 3, changed: (2 * Block) + 7), "a")));
        Assert.Equal(0, index.Match(PromptIndex.Chain(Tokens((4 * Block) + 3, changed: 3), "a")));
        Assert.Equal(0, index.Match(PromptIndex.Chain(Tokens((4 * Block) + 3), "b")));
        index.Clear();
        Assert.Equal(0, index.Match(PromptIndex.Chain(Tokens((4 * Block) + 3), "a")));
    }

    [Fact]
    public void Match_AnotherPicture_IsAnotherBeginning()
    {
        var index = new PromptIndex(100);
        index.Add(PromptIndex.Chain(WithPicture(1), ""));
        Assert.Equal(3, index.Match(PromptIndex.Chain(WithPicture(1), "")));
        Assert.Equal(1, index.Match(PromptIndex.Chain(WithPicture(2), "")));
    }

    [Fact]
    public void Add_MoreThanItHolds_LeastRecentlyUsedGoesFromItsEnd()
    {
        var index = new PromptIndex(5);
        index.Add(PromptIndex.Chain(Tokens(4 * Block), "old"));
        index.Add(PromptIndex.Chain(Tokens(3 * Block), "new"));
        Assert.Equal(2, index.Match(PromptIndex.Chain(Tokens(4 * Block), "old")));
        Assert.Equal(3, index.Match(PromptIndex.Chain(Tokens(3 * Block), "new")));
    }

    private static Prompt Tokens(int length, int changed = -1) => new([.. Enumerable.Range(0, length).Select(i => i == changed ? 9 : i % 7)], []);

    private static Prompt WithPicture(ulong content)
    {
        var picture = new Picture(default, "", new ContentHash(content, 0, 0, 0), null, null);
        return new Prompt([.. Enumerable.Range(0, 3 * Block).Select(i => i is >= Block + 4 and < Block + 14 ? Prompt.ImageRow : i)], [new PromptImage(Block + 4, 10, picture)]);
    }
}
