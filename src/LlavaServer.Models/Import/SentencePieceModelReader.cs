using System.Text;

namespace LlavaServer.Models.Import;

/// <summary>Reads `tokenizer.model`: the fields of sentencepiece_model.proto that a GGUF vocabulary needs.</summary>
internal static class SentencePieceModelReader
{
    private const int PiecesField = 1;
    private const int TrainerField = 2;
    private const int NormalizerField = 3;
    private const int UnknownIdField = 40;
    private const int BosIdField = 41;
    private const int EosIdField = 42;
    private const int PaddingIdField = 43;
    private const int AddDummyPrefixField = 3;

    /// <summary>Pieces fill the first entries of the vocabulary; more pieces than entries are an error of the checkpoint.</summary>
    public static void Read(ReadOnlySpan<byte> model, ImportedVocabulary vocabulary)
    {
        var count = 0;
        vocabulary.UnknownId = 0;
        vocabulary.BosId = 1;
        vocabulary.EosId = 2;
        vocabulary.AddsSpacePrefix = true;
        var reader = new ProtobufReader(model);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case PiecesField when count == vocabulary.Tokens.Length:
                    throw new ImportException($"tokenizer.model: has more pieces than the {count} rows of the embedding matrix");
                case PiecesField:
                    ReadPiece(reader.Bytes, vocabulary, count++);
                    break;
                case TrainerField:
                    ReadTrainer(reader.Bytes, vocabulary);
                    break;
                case NormalizerField:
                    ReadNormalizer(reader.Bytes, vocabulary);
                    break;
            }
        }

        if (count == 0)
        {
            throw new ImportException("tokenizer.model: has no pieces");
        }
    }

    private static void ReadPiece(ReadOnlySpan<byte> message, ImportedVocabulary vocabulary, int id)
    {
        var text = string.Empty;
        var score = 0f;
        var type = ImportedVocabulary.Normal;
        var reader = new ProtobufReader(message);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1:
                    text = Encoding.UTF8.GetString(reader.Bytes);
                    break;
                case 2:
                    score = reader.Single;
                    break;
                case 3 when reader.Number is >= ImportedVocabulary.Normal and <= ImportedVocabulary.Byte:
                    type = (int)reader.Number;
                    break;
            }
        }

        if (text.Length == 0 || !float.IsFinite(score))
        {
            throw new ImportException($"tokenizer.model: piece {id} has no text or no finite score");
        }

        vocabulary.Set(id, text, score, type);
    }

    private static void ReadTrainer(ReadOnlySpan<byte> message, ImportedVocabulary vocabulary)
    {
        var reader = new ProtobufReader(message);
        while (reader.Read())
        {
            // An id of -1 (no such token) is a ten-byte varint.
            int? id = reader.Number <= int.MaxValue ? (int)reader.Number : null;
            switch (reader.Field)
            {
                case UnknownIdField:
                    vocabulary.UnknownId = id;
                    break;
                case BosIdField:
                    vocabulary.BosId = id;
                    break;
                case EosIdField:
                    vocabulary.EosId = id;
                    break;
                case PaddingIdField:
                    vocabulary.PaddingId = id;
                    break;
            }
        }
    }

    private static void ReadNormalizer(ReadOnlySpan<byte> message, ImportedVocabulary vocabulary)
    {
        var reader = new ProtobufReader(message);
        while (reader.Read())
        {
            if (reader.Field == AddDummyPrefixField)
            {
                vocabulary.AddsSpacePrefix = reader.Number != 0;
            }
        }
    }
}
