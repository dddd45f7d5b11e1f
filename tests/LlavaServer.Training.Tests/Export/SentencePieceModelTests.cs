using System.Text;
using LlavaServer.Training.Export;
using LlavaServer.Training.Tokenization;

namespace LlavaServer.Training.Tests.Export;

public sealed class SentencePieceModelTests
{
    [Fact]
    public void Serialize_SmallVocabulary_FirstPiecesAsInTheProtobuf()
    {
        var bytes = SentencePieceModel.Serialize(new SpmVocabulary(["▁a", "a"]));

        // Field 1 (piece), length 14: text "<unk>", score 0, type 2.
        byte[] first = [0x0A, 14, 0x0A, 5, .. "<unk>"u8, 0x15, 0, 0, 0, 0, 0x18, 2];
        Assert.Equal(first, bytes[..first.Length]);
        var text = Encoding.UTF8.GetString(bytes);
        Assert.Contains("<0xFF>", text, StringComparison.Ordinal);
        Assert.Contains("▁a", text, StringComparison.Ordinal);
        Assert.Contains("identity", text, StringComparison.Ordinal);
    }
}
