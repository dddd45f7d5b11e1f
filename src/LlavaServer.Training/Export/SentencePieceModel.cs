using System.Text;
using LlavaServer.Training.Tokenization;

namespace LlavaServer.Training.Export;

/// <summary>
/// Writes a vocabulary as SentencePiece's tokenizer.model: the protocol buffer ModelProto (google/sentencepiece,
/// sentencepiece_model.proto) with pieces, trainer settings and normalizer settings.
/// </summary>
public static class SentencePieceModel
{
    public static byte[] Serialize(SpmVocabulary vocabulary)
    {
        using var model = new MemoryStream();
        foreach (var piece in vocabulary.Pieces)
        {
            using var entry = new MemoryStream();
            WriteBytes(entry, 1, Encoding.UTF8.GetBytes(piece.Text));
            WriteFloat(entry, 2, piece.Score);
            if (piece.Type != 1)
            {
                WriteNumber(entry, 3, (ulong)piece.Type);
            }

            WriteBytes(model, 1, entry.ToArray());
        }

        using var trainer = new MemoryStream();
        WriteNumber(trainer, 3, 2); // model_type BPE
        WriteNumber(trainer, 4, (ulong)vocabulary.Pieces.Count);
        WriteNumber(trainer, 35, 1); // byte_fallback
        WriteNumber(trainer, 40, SpmVocabulary.Unknown);
        WriteNumber(trainer, 41, SpmVocabulary.Begin);
        WriteNumber(trainer, 42, SpmVocabulary.End);
        WriteNumber(trainer, 43, ulong.MaxValue); // no padding piece
        WriteBytes(model, 2, trainer.ToArray());

        using var normalizer = new MemoryStream();
        WriteBytes(normalizer, 1, "identity"u8.ToArray());
        WriteNumber(normalizer, 3, 1); // add_dummy_prefix
        WriteNumber(normalizer, 4, 0); // remove_extra_whitespaces
        WriteNumber(normalizer, 5, 1); // escape_whitespaces
        WriteBytes(model, 3, normalizer.ToArray());
        return model.ToArray();
    }

    private static void WriteNumber(MemoryStream stream, int field, ulong value)
    {
        WriteVarint(stream, (ulong)field << 3);
        WriteVarint(stream, value);
    }

    private static void WriteFloat(MemoryStream stream, int field, float value)
    {
        WriteVarint(stream, ((ulong)field << 3) | 5);
        stream.Write(BitConverter.GetBytes(value));
    }

    private static void WriteBytes(MemoryStream stream, int field, byte[] value)
    {
        WriteVarint(stream, ((ulong)field << 3) | 2);
        WriteVarint(stream, (ulong)value.Length);
        stream.Write(value);
    }

    private static void WriteVarint(MemoryStream stream, ulong value)
    {
        while (value >= 128)
        {
            stream.WriteByte((byte)(value | 128));
            value >>= 7;
        }

        stream.WriteByte((byte)value);
    }
}
