using System.Text;
using LlavaServer.Inference.Tests.Fakes;

namespace LlavaServer.Inference.Tests.Scheduling;

/// <summary>Tokens beside the text of an answer: every byte is a token, so every character and stop text is split.</summary>
public sealed class TokenTrailTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("plain text")]
    [InlineData("größer € 🐱 ende")]
    [InlineData("a🐱")]
    public async Task Tokens_AnyText_EachPieceIsItsTokens(string answer)
    {
        var pieces = await AnswerAsync(answer, 2);

        Assert.Equal(answer, TextOf(pieces));
        Assert.Equal(Encoding.UTF8.GetBytes(answer), BytesOf(pieces));
        Assert.Equal(Encoding.UTF8.GetByteCount(answer), pieces.Sum(p => p.Tokens?.Count ?? 0));
        Assert.All(pieces[..^1], AssertAligned);
        Assert.All(pieces[..^1].SelectMany(p => p.Tokens!), t => Assert.Equal(2, t.Top.Count));
        Assert.Null(pieces[^1].Tokens);
    }

    [Fact]
    public async Task Tokens_HalfCharacter_LeavesWithTheTokenThatCompletesIt()
    {
        var pieces = await AnswerAsync("€", 0);

        var piece = Assert.Single(pieces[..^1]);
        Assert.Equal(["", "", "€"], piece.Tokens!.Select(t => t.Text));
        Assert.Equal([0xE2, 0x82, 0xAC], BytesOf(pieces));
    }

    [Theory]
    [InlineData("one END two", "END", "one ")]
    [InlineData("€END", "END", "€")]
    [InlineData("END", "END", "")]
    [InlineData("EN€ E EN", "END", "EN€ E EN")]
    [InlineData("🐱🐶 stop", "🐶", "🐱")]
    public async Task Tokens_StopText_AreWhatWasEmitted(string answer, string stop, string expected)
    {
        var pieces = await AnswerAsync(answer, 1, stop);

        Assert.Equal(expected, TextOf(pieces));
        Assert.Equal(Encoding.UTF8.GetBytes(expected), BytesOf(pieces));
        Assert.All(pieces[..^1], AssertAligned);
    }

    [Fact]
    public async Task Tokens_CutByLength_UnfinishedCharacterIsAReplacement()
    {
        var pieces = await AnswerAsync("a€", 1, maxTokens: 3);

        Assert.Equal("a\uFFFD", TextOf(pieces));
        Assert.Equal([0x61, 0xE2, 0x82], BytesOf(pieces));
        Assert.Equal("a\uFFFD", string.Concat(pieces.SelectMany(p => p.Tokens ?? []).Select(t => t.Text)));
    }

    [Fact]
    public async Task Tokens_NotAsked_AreNull()
    {
        var pieces = await AnswerAsync("text", null);

        Assert.Equal("text", TextOf(pieces));
        Assert.All(pieces, p => Assert.Null(p.Tokens));
        Assert.All(pieces[..^1], p => Assert.Null(p.Usage));
    }

    [Fact]
    public async Task TimesUpdates_Asked_EachPieceCounts()
    {
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => "abc";
        var pieces = await ReadAsync(host, InferenceHost.Ask("Hi?") with { TimesUpdates = true });

        Assert.Equal([1, 2, 3, 4], pieces.Select(p => p.Usage!.CompletionTokens));
        Assert.All(pieces, p => Assert.NotNull(p.Timings));
    }

    private static async Task<List<GenerationUpdate>> AnswerAsync(string answer, int? top, string? stop = null, int? maxTokens = null)
    {
        await using var host = new InferenceHost();
        host.Factory.Answer = _ => answer;
        var request = InferenceHost.Ask("Hi?") with { TopLogProbabilities = top, Stop = stop is null ? [] : [stop], MaxTokens = maxTokens };
        return await ReadAsync(host, request);
    }

    private static async Task<List<GenerationUpdate>> ReadAsync(InferenceHost host, GenerationRequest request)
    {
        await using var generation = await host.Generator.StartAsync(request, Token);
        return await generation.ReadAllAsync(Token).ToListAsync(Token);
    }

    private static void AssertAligned(GenerationUpdate piece)
    {
        Assert.Equal(piece.Text, string.Concat(piece.Tokens!.Select(t => t.Text)));
        Assert.Equal(Encoding.UTF8.GetBytes(piece.Text), piece.Tokens!.SelectMany(t => t.Bytes.ToArray()));
    }

    private static string TextOf(List<GenerationUpdate> pieces) => string.Concat(pieces.Select(p => p.Text));

    private static byte[] BytesOf(List<GenerationUpdate> pieces) => [.. pieces.SelectMany(p => p.Tokens ?? []).SelectMany(t => t.Bytes.ToArray())];
}
