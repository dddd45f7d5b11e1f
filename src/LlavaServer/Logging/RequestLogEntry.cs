using System.Collections;
using System.Text;

namespace LlavaServer.Logging;

/// <summary>Fields of a request's log line: structured for a log store, and one readable line for a terminal.</summary>
internal sealed class RequestLogEntry(IReadOnlyList<KeyValuePair<string, object?>> fields) : IReadOnlyList<KeyValuePair<string, object?>>
{
    private const string Template = "{Method} {Path} {Status} in {TotalMs} ms";

    public int Count => fields.Count + 1;

    public KeyValuePair<string, object?> this[int index] => index < fields.Count ? fields[index] : new("{OriginalFormat}", Template);

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
}
