using System.Collections;
using System.Text;

namespace LlavaServer.Logging;

/// <summary>Fields of a request's log line: structured for a log store, and one readable line for a terminal.</summary>
internal sealed class RequestLogEntry(IReadOnlyList<KeyValuePair<string, object?>> fields) : IReadOnlyList<KeyValuePair<string, object?>>
{
    private const string Plain = "{Method:l} {Path:l} {Status} in {TotalMs} ms";
    private const string Failed = "{Method:l} {Path:l} {Status} {Error:l} in {TotalMs} ms";
    private const string Answered = "{Method:l} {Path:l} {Status} {Model:l} in {TotalMs} ms: {PromptTokens} + {CompletionTokens} tokens, {FinishReason:l}";

    private readonly string _template = Has(fields, "FinishReason") ? Answered : Has(fields, "Error") ? Failed : Plain;

    public int Count => fields.Count + 1;

    public KeyValuePair<string, object?> this[int index] => index < fields.Count ? fields[index] : new("{OriginalFormat}", _template);

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (name, value) in fields)
        {
            text.Append(name).Append('=').Append(value).Append(' ');
        }

        return text.ToString().TrimEnd();
    }

    private static bool Has(IReadOnlyList<KeyValuePair<string, object?>> fields, string name) => fields.Any(field => field.Key == name);
}
