using System.Text.Json;

namespace LlavaServer.Inference.Grammars;

/// <summary>
/// A schema object or boolean with the place where it stands, a JSON pointer. Several of them are one schema: a value must hold to all.
/// </summary>
/// <param name="Element">Valid as long as the document that is compiled.</param>
/// <param name="Place">For errors, and to tell parts apart.</param>
/// <param name="Depth">Schemas around it.</param>
/// <param name="Without">A keyword that is left out because it is dealt with elsewhere.</param>
internal readonly record struct SchemaPart(JsonElement Element, string Place, int Depth, string Without = "")
{
    public string Key => Without.Length == 0 ? Place : $"{Place}~~{Without}";

    public bool TryGet(string keyword, out JsonElement value)
    {
        value = default;
        return Element.ValueKind == JsonValueKind.Object && (Without.Length == 0 || !Without.Split(' ').Contains(keyword)) && Element.TryGetProperty(keyword, out value);
    }

    public SchemaPart Child(JsonElement element, params ReadOnlySpan<string> path)
    {
        var place = Place;
        foreach (var segment in path)
        {
            place += "/" + segment.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
        }

        return new SchemaPart(element, place, Depth + 1);
    }

    public GrammarException Error(string what) => new($"{(Place.Length == 0 ? "#" : Place)}: {what}.");

    /// <summary>The error of a schema that is well, but says what a grammar cannot hold.</summary>
    public GrammarException Unheld(string what) => new(Error(what).Message) { CannotBeHeld = true };
}
