using System.Security.Cryptography;
using System.Text;

namespace LlavaServer.Inference.Tools;

/// <summary>
/// Reads the calls of an answer from where the first one begins, character by character, into pieces as they are sent. What stands around and between
/// calls is passed over. One answer.
/// </summary>
/// <param name="syntax">How calls are written.</param>
internal sealed class CallScanner(CallSyntax syntax)
{
    private const string Alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const int IdLength = 24;

    private readonly StringBuilder _head = new();
    private readonly StringBuilder _piece = new();
    private readonly List<ToolCallDelta> _deltas = [];
    private Place _place = Place.Between;
    private JsonSpan _value;
    private string _key = "";
    private bool _hasArguments;
    private int _index = -1;

    private enum Place
    {
        /// <summary>Before, between and behind calls.</summary>
        Between,

        /// <summary>In the object of a call, where a key comes.</summary>
        Members,
        Key,
        Colon,
        Value,
        Arguments,
    }

    /// <summary>Whether a call that began is not at its end.</summary>
    public bool IsInCall => _place != Place.Between;

    /// <summary>Calls that began, by their names.</summary>
    public int Count => _index + 1;

    /// <summary>A call of this tool began, and its name was read by another.</summary>
    public void Begin(string name)
    {
        Open(name);
        _place = Place.Members;
    }

    public void Take(char character)
    {
        switch (_place)
        {
            case Place.Between when character == '{' && syntax.NameEnd is null:
                (_place, _hasArguments) = (Place.Members, false);
                _head.Clear();
                break;
            case Place.Between when character == '{':
                Open(NameOf(_head.ToString()));
                _head.Clear();
                BeginArguments();
                TakeArgument(character);
                break;
            case Place.Between when !char.IsWhiteSpace(character):
                _head.Append(character);
                break;
            case Place.Members when character == '"':
                _head.Clear();
                _place = Place.Key;
                break;
            case Place.Members when character == '}':
                Close();
                break;
            case Place.Key when character == '"':
                _key = _head.ToString();
                _place = Place.Colon;
                break;
            case Place.Key:
                _head.Append(character);
                break;
            case Place.Colon when character == ':':
                _head.Clear();
                _value = default;
                _place = Place.Value;
                break;
            case Place.Value when _key == syntax.ArgumentsKey && !char.IsWhiteSpace(character):
                BeginArguments();
                TakeArgument(character);
                break;
            case Place.Value when _key != syntax.ArgumentsKey:
                TakeValue(character);
                break;
            case Place.Arguments:
                TakeArgument(character);
                break;
        }
    }

    /// <summary>The pieces since the last time, or null.</summary>
    public IReadOnlyList<ToolCallDelta>? Drain()
    {
        EndPiece();
        if (_deltas.Count == 0)
        {
            return null;
        }

        ToolCallDelta[] deltas = [.. _deltas];
        _deltas.Clear();
        return deltas;
    }

    // Between the text before or between calls and the text behind the name, white space aside.
    private string NameOf(string head)
    {
        var before = Dense(_index < 0 ? syntax.BeforeRest : syntax.Between!);
        var name = head.StartsWith(before, StringComparison.Ordinal) ? head[before.Length..] : head;
        var end = Dense(syntax.NameEnd!);
        return end.Length > 0 && name.IndexOf(end, StringComparison.Ordinal) is > 0 and var at ? name[..at] : name;
    }

    private static string Dense(string text) => string.Concat(text.Where(static c => !char.IsWhiteSpace(c)));

    private void TakeValue(char character)
    {
        if (_value.EndedBefore(character))
        {
            EndValue();
            Take(character);
            return;
        }

        _head.Append(character);
        if (_value.Take(character))
        {
            EndValue();
        }
    }

    private void EndValue()
    {
        if (_key == "name")
        {
            Open(_head.ToString().Trim().Trim('"'));
        }

        _place = Place.Members;
    }

    private void Open(string name)
    {
        _hasArguments = false;
        _index++;
        _deltas.Add(new ToolCallDelta(_index, "call_" + RandomNumberGenerator.GetString(Alphanumerics, IdLength), name, ""));
    }

    private void BeginArguments()
    {
        _hasArguments = true;
        _value = default;
        _place = Place.Arguments;
    }

    private void TakeArgument(char character)
    {
        _piece.Append(character);
        if (_value.Take(character))
        {
            if (syntax.NameEnd is null)
            {
                EndPiece();
                _place = Place.Members;
            }
            else
            {
                Close();
            }
        }
    }

    private void EndPiece()
    {
        if (_piece.Length > 0)
        {
            _deltas.Add(new ToolCallDelta(_index, null, null, _piece.ToString()));
            _piece.Clear();
        }
    }

    private void Close()
    {
        if (!_hasArguments)
        {
            _piece.Append("{}");
        }

        EndPiece();
        _head.Clear();
        _place = Place.Between;
    }
}
