using System.Text.Json;

namespace LlavaServer.Models.Import;

/// <summary>Brings the tokenizer files of a checkpoint together: pieces, added tokens, special tokens and the chat template.</summary>
internal static class VocabularyReader
{
    private const long MaxModelBytes = 64 << 20;
    private const long MaxTemplateBytes = 1 << 20;

    public static ImportedVocabulary Read(CheckpointFiles files, LanguageConfig config, int size)
    {
        var vocabulary = ReadPieces(files, size);
        var settings = JsonFile.TryRead(files, "tokenizer_config.json", 64 << 20);
        ReadAddedTokens(JsonFile.TryRead(files, "added_tokens.json", 64 << 20), settings, vocabulary);
        vocabulary.BosId = FindSpecial(settings, "bos_token", vocabulary) ?? InRange(config.BosTokenId, size) ?? InRange(vocabulary.BosId, size);
        vocabulary.EosId = FindSpecial(settings, "eos_token", vocabulary) ?? InRange(config.EosTokenId, size) ?? InRange(vocabulary.EosId, size);
        vocabulary.UnknownId = FindSpecial(settings, "unk_token", vocabulary) ?? InRange(vocabulary.UnknownId, size);
        vocabulary.PaddingId = FindSpecial(settings, "pad_token", vocabulary) ?? InRange(vocabulary.PaddingId, size);
        vocabulary.AddsSpacePrefix = settings?.FindBoolean("add_prefix_space") ?? vocabulary.AddsSpacePrefix;
        vocabulary.CheckDistinct();
        return vocabulary;
    }

    /// <summary>
    /// The templates of `chat_template.jinja`, `chat_template.json` or `tokenizer_config.json`, in this order: the usual one, and the one named `tool_use`
    /// where there are several.
    /// </summary>
    public static (string? Usual, string? WithTools) ReadChatTemplates(CheckpointFiles files)
    {
        if (files.Find("chat_template.jinja") is { } jinja)
        {
            return (System.Text.Encoding.UTF8.GetString(BoundedFile.ReadAllBytes(jinja, "chat_template.jinja", MaxTemplateBytes)), null);
        }

        foreach (var name in (ReadOnlySpan<string>)["chat_template.json", "tokenizer_config.json"])
        {
            var file = JsonFile.TryRead(files, name, 64 << 20);
            switch (file?.Find("chat_template"))
            {
                case { ValueKind: JsonValueKind.String }:
                    return (file.FindString("chat_template"), null);
                case { ValueKind: JsonValueKind.Array } named:
                    var entries = named.EnumerateArray()
                        .Where(item => item.ValueKind == JsonValueKind.Object)
                        .Select(item => JsonFile.Parse($"{name}: chat_template", JsonSerializer.SerializeToUtf8Bytes(item)))
                        .ToList();
                    string? Named(string wanted) => entries.Find(entry => entry.FindString("name") == wanted)?.FindString("template");
                    return (Named("default") ?? entries.FirstOrDefault()?.FindString("template"), Named("tool_use"));
            }
        }

        return (null, null);
    }

    private static ImportedVocabulary ReadPieces(CheckpointFiles files, int size)
    {
        if (files.Find("tokenizer.model") is { } path)
        {
            var vocabulary = new ImportedVocabulary(size) { Model = "llama" };
            SentencePieceModelReader.Read(BoundedFile.ReadAllBytes(path, "tokenizer.model", MaxModelBytes), vocabulary);
            return vocabulary;
        }

        return TokenizerJsonReader.TryRead(files, size) ?? throw new ImportException("tokenizer.model and tokenizer.json: both are missing");
    }

    private static void ReadAddedTokens(JsonFile? added, JsonFile? settings, ImportedVocabulary vocabulary)
    {
        foreach (var entry in added?.Properties ?? [])
        {
            var id = added!.GetInt32(entry.Name, -1, 0, int.MaxValue);
            if (id < vocabulary.Tokens.Length && vocabulary.Types[id] == ImportedVocabulary.Unused)
            {
                vocabulary.Set(id, entry.Name, -1_000, ImportedVocabulary.UserDefined);
            }
        }

        var decoder = settings?.FindObject("added_tokens_decoder");
        foreach (var entry in decoder?.Properties ?? [])
        {
            var token = decoder!.FindObject(entry.Name);
            if (int.TryParse(entry.Name, out var id) && id >= 0 && id < vocabulary.Tokens.Length && token?.FindString("content") is { Length: > 0 } text)
            {
                Add(vocabulary, id, text, token.FindBoolean("special") == true);
            }
        }
    }

    private static void Add(ImportedVocabulary vocabulary, int id, string text, bool special)
    {
        // The unknown token is listed as special too; it keeps its own type, which tokenizers look for.
        var type = vocabulary.Types[id] == ImportedVocabulary.Unknown ? ImportedVocabulary.Unknown
            : special ? ImportedVocabulary.Control : ImportedVocabulary.UserDefined;
        var score = vocabulary.Types[id] == ImportedVocabulary.Unused ? -1_000 : vocabulary.Scores[id];
        vocabulary.Set(id, type == ImportedVocabulary.UserDefined ? text.Replace('\u2581', ' ') : text, score, type);
    }

    /// <summary>Special tokens are given as text, or as an object with the text as its content.</summary>
    private static int? FindSpecial(JsonFile? settings, string key, ImportedVocabulary vocabulary) => settings?.Find(key) switch
    {
        { ValueKind: JsonValueKind.String } => vocabulary.Find(settings.FindString(key)),
        { ValueKind: JsonValueKind.Object } => vocabulary.Find(settings.FindObject(key)!.FindString("content")),
        _ => null,
    };

    private static int? InRange(int? id, int size) => id >= 0 && id < size ? id : null;
}
