using System.Text.Json;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>
/// Finds out how a model writes calls of tools, from what its template writes for an assistant that called one: the text that stands around name and
/// arguments. Null for templates that do not show tools, calls or results, or write calls in a form that is not JSON.
/// </summary>
internal sealed class JinjaCallFormat
{
    private const string Said = "Zz8said";
    private const string Result = "Rr4result";

    /// <summary>A marker shorter than this is too common in texts.</summary>
    private const int MinMarkerLength = 5;

    private const string PythonTag = "<|python_tag|>";

    private readonly Func<object?, bool, JinjaMap[], string?> _written;
    private readonly Func<string, object?> _content;
    private readonly bool _asText;

    private JinjaCallFormat(Func<object?, bool, JinjaMap[], string?> written, Func<string, object?> content, bool asText)
    {
        _written = written;
        _content = content;
        _asText = asText;
    }

    /// <param name="written">What the template writes of tools and messages, with or without the beginning of the answer; null where it refuses.</param>
    /// <param name="content">Content of a message in the form that the template takes.</param>
    /// <param name="takesObject">Whether arguments are given as an object.</param>
    /// <param name="source">Text of the template.</param>
    /// <param name="endOf">Where in a text the first token stands that ends answers, or -1.</param>
    public static CallSyntax? Find(
        Func<object?, bool, JinjaMap[], string?> written, Func<string, object?> content, bool takesObject, string source, Func<string, int> endOf)
    {
        var format = new JinjaCallFormat(written, content, !takesObject);
        if (!format.ShowsTools() || !format.ShowsResults() || format.AnswerOf(JinjaProbe.FirstCallId) is not { } one)
        {
            return null;
        }

        var syntax = OfObjects(one) ?? OfNames(one);
        if (syntax is null || !IsTold(syntax))
        {
            return null;
        }

        if (endOf(syntax.After) is >= 0 and var end)
        {
            syntax = syntax with { After = syntax.After[..end].Trim() };
        }

        var several = format.AnswerOf(JinjaProbe.FirstCallId, JinjaProbe.SecondCallId);
        return syntax with
        {
            Between = several is null ? null : Between(several, syntax),
            OtherMarker = source.Contains(PythonTag, StringComparison.Ordinal) && syntax.IsBare ? PythonTag : null,
        };
    }

    private bool ShowsTools()
    {
        var user = JinjaProbe.Message("user", _content("Q"));
        return _written(JinjaProbe.Tools(), true, [user])?.Contains(JinjaProbe.ParameterName, StringComparison.Ordinal) == true
            && _written(null, true, [user])?.Contains(JinjaProbe.ParameterName, StringComparison.Ordinal) != true;
    }

    private bool ShowsResults() => _written(JinjaProbe.Tools(), true,
    [
        JinjaProbe.Message("user", _content("Q")),
        JinjaProbe.Calling(_content(""), _asText, JinjaProbe.FirstCallId),
        JinjaProbe.Answer(_content(Result), JinjaProbe.FirstCallId),
    ])?.Contains(Result, StringComparison.Ordinal) == true;

    // What an assistant wrote that called: without its header, and without what ends every turn.
    private string? AnswerOf(params string[] ids)
    {
        var user = JinjaProbe.Message("user", _content("Q"));
        var calling = _written(JinjaProbe.Tools(), false, [user, JinjaProbe.Calling(_content(""), _asText, ids)]);
        var saying = _written(JinjaProbe.Tools(), false, [user, JinjaProbe.Message("assistant", _content(Said))]);
        var said = saying?.LastIndexOf(Said, StringComparison.Ordinal) ?? -1;
        if (calling is null || said < 0)
        {
            return null;
        }

        var start = TokenStart(calling, calling.AsSpan().CommonPrefixLength(saying));
        var end = saying![(said + Said.Length)..];
        var answer = calling[Math.Min(start, said)..];
        var common = 0;
        while (common < Math.Min(end.Length, answer.Length) && end[^(common + 1)] == answer[^(common + 1)])
        {
            common++;
        }

        return answer[..^common];
    }

    private static CallSyntax? OfObjects(string answer)
    {
        foreach (var (start, length) in Objects(answer))
        {
            using var document = JsonDocument.Parse(answer.AsMemory(start, length));
            var call = document.RootElement;
            if (!call.TryGetProperty("name", out var name) || !name.ValueEquals(JinjaProbe.ToolName))
            {
                continue;
            }

            var key = Array.Find(["arguments", "parameters"], k => call.TryGetProperty(k, out var arguments)
                && arguments.ValueKind == JsonValueKind.Object && arguments.TryGetProperty(JinjaProbe.ArgumentName, out _));
            return key is null ? null : new CallSyntax
            {
                Before = answer[..start].Trim(),
                After = WithoutEnd(answer[(start + length)..]),
                ArgumentsKey = key,
                HasIdMember = call.TryGetProperty("id", out _),
            };
        }

        return null;
    }

    private static CallSyntax? OfNames(string answer)
    {
        var name = answer.IndexOf(JinjaProbe.ToolName, StringComparison.Ordinal);
        foreach (var (start, length) in Objects(answer).Where(o => name >= 0 && o.Start > name))
        {
            using var document = JsonDocument.Parse(answer.AsMemory(start, length));
            if (!document.RootElement.TryGetProperty(JinjaProbe.ArgumentName, out _))
            {
                continue;
            }

            var between = answer[(name + JinjaProbe.ToolName.Length)..start];
            var id = between.IndexOf(JinjaProbe.FirstCallId, StringComparison.Ordinal);
            return new CallSyntax
            {
                Before = answer[..name].Trim(),
                After = WithoutEnd(answer[(start + length)..]),
                NameEnd = id < 0 ? between : between[..id],
                IdEnd = id < 0 ? null : between[(id + JinjaProbe.FirstCallId.Length)..],
            };
        }

        return null;
    }

    // What stands between two calls, if they are written as one is.
    private static string? Between(string answer, CallSyntax syntax)
    {
        var calls = Objects(answer).ToList();
        if (calls.Count != 2)
        {
            return null;
        }

        var between = answer[(calls[0].Start + calls[0].Length)..calls[1].Start];
        if (syntax.NameEnd is not { } nameEnd)
        {
            return between.Contains('{', StringComparison.Ordinal) ? null : between;
        }

        var behindName = syntax.IdEnd is null ? nameEnd : nameEnd + JinjaProbe.SecondCallId + syntax.IdEnd;
        return between.EndsWith(JinjaProbe.ToolName + behindName, StringComparison.Ordinal) ? between[..^(JinjaProbe.ToolName.Length + behindName.Length)] : null;
    }

    // A call must be told from text by a word, or be the whole answer; and braces are the calls' own.
    private static bool IsTold(CallSyntax syntax)
    {
        var hasBraces = (syntax.Before + syntax.After + syntax.NameEnd + syntax.IdEnd).AsSpan().ContainsAny('{', '}');
        return !hasBraces && (syntax.IsBare
            ? syntax.NameEnd is null
            : syntax.Markers is [{ Length: >= MinMarkerLength } marker, ..] && !char.IsLetterOrDigit(marker[0]))
            && (syntax.NameEnd is null || syntax.NameEnd.Length > 0);
    }

    // Two texts may share the first character of different tokens.
    private static int TokenStart(string text, int at)
    {
        var open = text.AsSpan(0, at).LastIndexOfAny('<', '[');
        return open >= 0 && !text.AsSpan(open, at - open).ContainsAny('>', ']', '\n') ? open : at;
    }

    // A turn of calls may end with a token of its own; half a token is left where two share their end.
    private static string WithoutEnd(string after)
    {
        var end = after.IndexOf("<|", StringComparison.Ordinal);
        var isEnd = end >= 0 && (after.AsSpan(end).StartsWith("<|eo") || !after.AsSpan(end).Contains("|>", StringComparison.Ordinal));
        return (isEnd ? after[..end] : after).Trim();
    }

    private static IEnumerable<(int Start, int Length)> Objects(string text)
    {
        for (var at = text.IndexOf('{', StringComparison.Ordinal); at >= 0; at = at < text.Length ? text.IndexOf('{', at) : -1)
        {
            var span = default(JsonSpan);
            var end = at;
            while (end < text.Length && !span.Take(text[end]))
            {
                end++;
            }

            if (end < text.Length && IsJson(text.AsMemory(at, end - at + 1)))
            {
                yield return (at, end - at + 1);
                at = end + 1;
            }
            else
            {
                at++;
            }
        }
    }

    private static bool IsJson(ReadOnlyMemory<char> text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
