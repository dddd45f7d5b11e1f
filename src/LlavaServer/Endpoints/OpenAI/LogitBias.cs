using System.Globalization;
using System.Text.Json;
using LlavaServer.Endpoints.Reading;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Sampling;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>
/// <c>logit_bias</c> in OpenAI's form, an object from token id to bias, and in llama-server's: names may be texts, and an array has pairs of id or text
/// and bias. <c>false</c> in place of a number bans. Entries for the same token add up. Singleton, thread-safe.
/// </summary>
internal sealed class LogitBias(ModelTexts texts)
{
    private const int MaxEntries = 1024;
    private const int MaxTextLength = 1024;
    private const double MaxBias = 100;

    /// <summary>Added to the logit of a banned token: below anything a model gives, and finite.</summary>
    private const float Ban = -1e9f;

    public static IReadOnlyList<BiasEntry> Read(JsonFields body)
    {
        if (!body.TryGet("logit_bias", out var field))
        {
            return [];
        }

        switch (field.Kind)
        {
            case JsonValueKind.Object:
                var members = new Dictionary<string, BiasEntry>();
                foreach (var member in field.AsObject().Members())
                {
                    members[member.Name] = Entry(IdOf(member.Name), member.Name, member, member.Path);
                    if (members.Count > MaxEntries)
                    {
                        throw RequestException.InvalidValue("logit_bias", $"'logit_bias' has more than {MaxEntries} entries.");
                    }
                }

                return [.. members.Values];
            case JsonValueKind.Array:
                return [.. field.AsArray(MaxEntries).Select(static pair => PairOf(pair))];
            default:
                throw field.WrongType("an object, or an array of pairs");
        }
    }

    /// <summary>The parameters with the bias of every token. Refuses a token that the model does not have.</summary>
    public SamplingParameters Apply(AnswerRequest request, ModelEntry model)
    {
        if (request.LogitBias.Count == 0)
        {
            return request.Sampling;
        }

        var size = texts.VocabularySize(model);
        var bias = new Dictionary<int, float>();
        foreach (var entry in request.LogitBias)
        {
            if (entry.TokenId >= size)
            {
                throw RequestException.InvalidValue("logit_bias", $"'logit_bias' names a token beyond the vocabulary of {size} tokens.");
            }

            foreach (var token in entry.TokenId >= 0 ? [entry.TokenId] : texts.Tokenize(model, entry.Text, addSpecial: false, parseSpecial: false))
            {
                bias[token] = bias.GetValueOrDefault(token) + entry.Bias;
            }
        }

        return request.Sampling with { LogitBias = bias };
    }

    // What is spelt as an integer is an id, also one that no model has.
    private static int IdOf(string name) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id
        : name.Length > 0 && name.AsSpan(name[0] == '-' ? 1 : 0).IndexOfAnyExceptInRange('0', '9') < 0 && name != "-"
            ? throw RequestException.InvalidValue("logit_bias", "A number as a name in 'logit_bias' must be a token id.")
        : -1;

    private static BiasEntry PairOf(JsonField pair)
    {
        var items = pair.AsArray(2).ToList();
        return items.Count != 2 ? throw RequestException.InvalidValue(pair.Path, $"'{pair.Path}' must be a pair of a token id or text and a bias.")
            : items[0].Kind == JsonValueKind.String ? Entry(-1, items[0].AsString(), items[1], items[0].Path)
            : Entry((int)items[0].AsInt64(0, int.MaxValue), "", items[1], items[0].Path);
    }

    private static BiasEntry Entry(int tokenId, string text, JsonField bias, string path)
    {
        if (tokenId < 0 && text.Length is 0 or > MaxTextLength)
        {
            throw RequestException.InvalidValue("logit_bias", $"A text in 'logit_bias' must have 1 to {MaxTextLength} characters.");
        }

        var value = bias.Kind == JsonValueKind.False ? Ban : (float)bias.AsNumber(-MaxBias, MaxBias);
        return new BiasEntry(tokenId, text, value, path);
    }
}
