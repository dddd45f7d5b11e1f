using System.Text;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// Parts the text of an answer into what the model thought and what it says, piece by piece (the rules are Ollama's): thinking is what stands between the
/// markers at the beginning, white space around it belongs to neither. Text that could be the beginning of a marker is held back. One answer.
/// </summary>
/// <param name="markers">Of the model.</param>
/// <param name="isOpen">The prompt ends with the opening marker: the answer begins within.</param>
internal sealed class ThinkSplitter(ThinkMarkers markers, bool isOpen)
{
    private readonly StringBuilder _thinking = new();
    private readonly StringBuilder _content = new();
    private string _held = "";
    private Place _place = isOpen ? Place.Opened : Place.Before;

    private enum Place
    {
        Before,
        Opened,
        Within,
        Closed,
        Behind,
    }

    /// <summary>Takes the next piece; <paramref name="isLast"/> gives out what was held back.</summary>
    public (string Thinking, string Content) Next(string text, bool isLast)
    {
        _thinking.Clear();
        _content.Clear();
        _held += text;
        while (Step())
        {
            // The place has changed, and what is held may belong to the new one.
        }

        if (isLast)
        {
            (_place == Place.Within ? _thinking : _content).Append(_place is Place.Opened or Place.Closed ? "" : _place == Place.Within ? _held.TrimEnd() : _held);
            _held = "";
        }

        return (_thinking.ToString(), _content.ToString());
    }

    private bool Step() => _place switch
    {
        Place.Before => Before(),
        Place.Opened => Skip(Place.Within),
        Place.Within => Within(),
        Place.Closed => Skip(Place.Behind),
        _ => Behind(),
    };

    private bool Before()
    {
        var text = _held.TrimStart();
        if (text.StartsWith(markers.Open, StringComparison.Ordinal))
        {
            _held = text[markers.Open.Length..];
            _place = Place.Opened;
            return true;
        }

        if (markers.Open.StartsWith(text, StringComparison.Ordinal))
        {
            return false;
        }

        _place = Place.Behind;
        return true;
    }

    private bool Skip(Place next)
    {
        _held = _held.TrimStart();
        if (_held.Length == 0)
        {
            return false;
        }

        _place = next;
        return true;
    }

    private bool Within()
    {
        var close = _held.IndexOf(markers.Close, StringComparison.Ordinal);
        if (close >= 0)
        {
            _thinking.Append(_held.AsSpan(0, close).TrimEnd());
            _held = _held[(close + markers.Close.Length)..];
            _place = Place.Closed;
            return true;
        }

        // White space is held too: it may be the last before the marker.
        var keep = _held.AsSpan(0, _held.Length - Overlap()).TrimEnd().Length;
        _thinking.Append(_held, 0, keep);
        _held = _held[keep..];
        return false;
    }

    private bool Behind()
    {
        _content.Append(_held);
        _held = "";
        return false;
    }

    private int Overlap()
    {
        for (var length = Math.Min(markers.Close.Length - 1, _held.Length); length > 0; length--)
        {
            if (_held.EndsWith(markers.Close[..length], StringComparison.Ordinal))
            {
                return length;
            }
        }

        return 0;
    }
}
