using LlavaServer.Training.Dataset;
using LlavaServer.Training.Drawing;
using LlavaServer.Training.Network;
using LlavaServer.Training.Tokenization;

namespace LlavaServer.Training.Tests.Dataset;

public sealed class ExampleBuilderTests
{
    private static readonly SpmVocabulary Vocabulary = SpmTrainer.Train(VocabularyText.Draw(300, 7), 400);
    private readonly SpmTokenizer _tokenizer = new(Vocabulary);

    [Fact]
    public void Build_TwoTurns_SupervisesAnswersAndEndOnly()
    {
        var example = Builder().Build(TwoTurns());

        var supervised = new SpmTokenizer(Vocabulary).Decode(example.Tokens.Where((t, i) => example.Supervised[i] && t >= 0));
        Assert.Equal("The circle is red. It is large.", supervised);
        Assert.Equal(2, example.Tokens.Where((t, i) => example.Supervised[i]).Count(t => t == SpmVocabulary.End));
        Assert.All(example.Spans, span => Assert.Equal(SpmVocabulary.End, example.Tokens[span.To - 1]));
        Assert.False(example.Supervised[0]);
    }

    [Fact]
    public void Build_TwoTurns_TokenizesPiecesAroundThePictureApart()
    {
        var example = Builder().Build(TwoTurns());

        int[] expected =
        [
            SpmVocabulary.Begin, .. _tokenizer.Encode("USER: "), .. Enumerable.Repeat(-1, 64), .. _tokenizer.Encode("\nWhat color is the circle? ASSISTANT:"),
            .. _tokenizer.Encode("The circle is red."), SpmVocabulary.End, .. _tokenizer.Encode("USER: How big is it? ASSISTANT:"), .. _tokenizer.Encode("It is large."), SpmVocabulary.End,
        ];
        Assert.Equal(expected, example.Tokens);
    }

    [Fact]
    public void Encode_TextAfterPicture_HasItsOwnSpaceThenNewlineByte()
    {
        var ids = _tokenizer.Encode("\nWhat");

        Assert.Equal("▁", Vocabulary.Pieces[ids[0]].Text);
        Assert.Equal("<0x0A>", Vocabulary.Pieces[ids[1]].Text);
    }

    private ExampleBuilder Builder() => new(_tokenizer, new ScenePainter(new FontShelf("no such folder", orDefault: true)), new LlavaShape());

    private static Conversation TwoTurns()
    {
        var scene = new SceneSampler(1).Sample(new Random(2));
        return new Conversation(
            null, [scene],
            [new Turn(Family.Color, "What color is the circle?", "The circle is red.") { Pictures = 1 }, new Turn(Family.Size, "How big is it?", "It is large.")]);
    }
}
