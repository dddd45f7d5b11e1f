using LlavaServer.Endpoints.Reading;

namespace LlavaServer.Endpoints.OpenAI;

/// <summary>Which fields of a request have no effect, and how the caller is told. Names only, harmless in a header.</summary>
internal static class IgnoredFields
{
    private const int MostNames = 32;

    /// <summary>Checks the fields of a body after a table: refuses what would change the answer and is not built, returns what is ignored.</summary>
    /// <param name="body">The request.</param>
    /// <param name="table">Every field that the route knows.</param>
    /// <param name="refusesUnknown"><c>OpenAI:StrictParameters</c>.</param>
    public static List<string> Of(JsonFields body, IReadOnlyDictionary<string, ChatField> table, bool refusesUnknown)
    {
        var ignored = new List<string>();
        foreach (var member in body.Members())
        {
            if (!body.TryGet(member.Name, out var field))
            {
                continue;
            }

            if (!table.TryGetValue(member.Name, out var known))
            {
                Add(field, ignored, refusesUnknown);
                continue;
            }

            switch (known.Rule)
            {
                case ChatFieldRule.Ignored:
                    Add(field, ignored, refuse: false);
                    break;
                case ChatFieldRule.NeutralOnly when !known.IsNeutral!(field):
                    throw RequestException.Unsupported(known.Name, $"'{known.Name}' is not supported by this version, except {known.Neutral}.");
                case ChatFieldRule.Refused:
                    throw RequestException.Unsupported(known.Name, $"'{known.Name}' is not supported. {known.Description}");
            }
        }

        return ignored;
    }

    /// <summary>Only names that are harmless in a header are listed.</summary>
    public static void Add(JsonField field, List<string> ignored, bool refuse)
    {
        var isHarmless = field.Name.Length is > 0 and <= 64 && field.Name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
        if (refuse)
        {
            throw RequestException.Unsupported(
                isHarmless ? field.Name : "", $"This request has a field that the server does not know{(isHarmless ? $": '{field.Name}'" : "")} (OpenAI:StrictParameters).");
        }

        if (isHarmless && ignored.Count < MostNames && !ignored.Contains(field.Name))
        {
            ignored.Add(field.Name);
        }
    }

    public static void Tell(HttpContext context, IReadOnlyList<string> names)
    {
        if (names.Count > 0)
        {
            context.Response.Headers["llava-ignored-params"] = string.Join(',', names);
        }
    }
}
