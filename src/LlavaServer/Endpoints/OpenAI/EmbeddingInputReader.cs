using System.Text.Json;
using LlavaServer.Configuration;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Prompting;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// Reads <c>input</c>: a text, an array of texts, an array of token ids, an array of those; beyond OpenAI a part or an array of parts, whose text and
/// pictures become one vector, or an array of arrays of parts. Singleton, thread-safe.
/// </summary>
internal sealed class EmbeddingInputReader(IOptions<LimitsOptions> limits)
{
    private readonly LimitsOptions _limits = limits.Value;

    /// <param name="input">The field.</param>
    /// <param name="vocabularySize">Token ids are below it.</param>
    public IReadOnlyList<EmbeddingField> Read(JsonField input, int vocabularySize)
    {
        switch (input.Kind)
        {
            case JsonValueKind.String:
                return [Text(input)];
            case JsonValueKind.Object:
                return [Parts(input, [input])];
            case JsonValueKind.Array:
                break;
            default:
                throw input.WrongType("a string or an array");
        }

        var items = NotEmpty(input);
        var kind = items[0].Kind;
        if (kind is JsonValueKind.Number or JsonValueKind.Object)
        {
            return [OneOf(input, items, vocabularySize)];
        }

        if (items.Count > _limits.EmbeddingInputs)
        {
            throw RequestException.InvalidValue(input.Path, $"'{input.Path}' has {items.Count} items; at most {_limits.EmbeddingInputs} are allowed (Limits:EmbeddingInputs).");
        }

        return [.. items.Select(item => kind switch
        {
            JsonValueKind.String => Text(item),
            JsonValueKind.Array => OneOf(item, NotEmpty(item), vocabularySize),
            _ => throw item.WrongType("a string, an array of token ids or an array of parts"),
        })];
    }

    private static EmbeddingField Text(JsonField item) => item.AsString() is { Length: > 0 } text
        ? new EmbeddingField([new RequestPart { Text = text }], null, item.Path)
        : throw RequestException.InvalidValue(item.Path, $"'{item.Path}' must not be empty.");

    private static List<JsonField> NotEmpty(JsonField array)
    {
        var items = array.AsArray().ToList();
        return items.Count > 0 ? items : throw RequestException.InvalidValue(array.Path, $"'{array.Path}' must not be empty.");
    }

    private EmbeddingField OneOf(JsonField array, List<JsonField> items, int vocabularySize) => items[0].Kind switch
    {
        JsonValueKind.Number => new EmbeddingField([], [.. items.Select(item => (int)item.AsInt64(0, vocabularySize - 1))], array.Path),
        JsonValueKind.Object => Parts(array, items),
        _ => throw items[0].WrongType("a token id or a part"),
    };

    private EmbeddingField Parts(JsonField owner, List<JsonField> items) => items.Count <= _limits.Parts
        ? new EmbeddingField([.. items.Select(static item => PartReader.Read(item.AsObject(), ChatRole.User))], null, owner.Path)
        : throw RequestException.InvalidValue(owner.Path, $"'{owner.Path}' has more than {_limits.Parts} parts (Limits:Parts).");
}
