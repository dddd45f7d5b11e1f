using LlavaServer.Training.Dataset;
using LlavaServer.Training.Tokenization;

namespace LlavaServer.Training.Tests.Tokenization;

public sealed class SpmTokenizerTests
{
    private static readonly SpmVocabulary Vocabulary = SpmTrainer.Train(VocabularyText.Draw(800, 7), 700);

    [Fact]
    public void Train_EveryMergedPiece_IsReachableByMerging()
    {
        // A piece that merging by score cannot reach would never be produced by the serving tokenizer.
        var tokenizer = new SpmTokenizer(Vocabulary);
        foreach (var piece in Vocabulary.Pieces.Where(p => p.Type == 1 && p.Text.Length > 1 && p.Text[0] == SpmVocabulary.Space))
        {
            var ids = tokenizer.Encode(piece.Text[1..]);
            Assert.Equal(piece.Text, string.Concat(ids.Select(i => Vocabulary.Pieces[i].Text)));
            Assert.Single(ids);
        }
    }

    [Fact]
    public void Train_TwicefromSameText_SameVocabulary()
    {
        var again = SpmTrainer.Train(VocabularyText.Draw(800, 7), 700);

        Assert.Equal(Vocabulary.Pieces, again.Pieces);
    }

    [Theory]
    [InlineData("USER: ")]
    [InlineData("The circle is red.")]
    [InlineData("What is 47 plus x? Grüße, 日本 😀\nnew line")]
    public void Decode_Encoded_GivesTextBack(string text)
    {
        var tokenizer = new SpmTokenizer(Vocabulary);

        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Fact]
    public void Encode_RoleMarkersAndDigits_AreSinglePieces()
    {
        var tokenizer = new SpmTokenizer(Vocabulary);

        Assert.Equal(["▁ASSISTANT:"], tokenizer.Encode("ASSISTANT:").Select(i => Vocabulary.Pieces[i].Text));
        Assert.Equal(["▁", "4", "2"], tokenizer.Encode("42").Select(i => Vocabulary.Pieces[i].Text));
    }
}
