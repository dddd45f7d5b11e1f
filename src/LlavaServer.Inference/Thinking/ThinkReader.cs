using System.Text;

namespace LlavaServer.Inference.Thinking;

/// <summary>
/// Parts an answer into what the model thought and what it says, piece by piece (the rules are Ollama's): thinking is what stands between the markers at
/// the beginning, white space around it belongs to neither. Text that could be the beginning of a marker is held back. One choice of an answer, on the
/// thread that reads it.
/// </summary>
internal sealed class ThinkReader(ThinkPlan plan)
{
    private readonly ThinkMarkers _markers = plan.Markers;
    private readonly StringBuilder _thinking = new();
    private readonly StringBuilder _content = new();
    private readonly StringBuilder _written = new();
    private readonly ThinkTokens _tokens = new();
    private string _held = "";
    private Place _place = plan.IsOpen ? Place.Opened : Place.Before;
    private bool _hasOpened = plan.IsOpen;
    private int _reasoningTokens;

    private enum Place
    {
        Before,
        Opened,
        Within,
        Closed,
        Behind,
    }

    /// <summary>Adds what a caller sees of the next update, thoughts before text; nothing while all of it is held back.</summary>
    public void Read(GenerationUpdate update, Queue<GenerationUpdate> output)
    {
        if (_place == Place.Behind)
        {
            output.Enqueue(Count(update));
            return;
        }

        var hasClosed = _place == Place.Closed;
        var isLast = update.FinishReason is not null;
        _tokens.Add(update.Tokens);
        _held += update.Text;
        while (Step())
        {
            // The place has changed, and what is held may belong to the new one.
        }

        if (isLast)
        {
            End();
        }

        if (_hasOpened && !hasClosed)
        {
            _reasoningTokens = update.Usage?.CompletionTokens ?? 0;
        }

        update = Count(update);
        if (_thinking.Length > 0)
        {
            output.Enqueue(update with { Thinking = Take(_thinking), Text = "", Tokens = _tokens.OfThinking(), Written = Take(_written), FinishReason = null, StopText = null });
        }

        if (_content.Length > 0 || isLast)
        {
            output.Enqueue(update with { Text = Take(_content), Tokens = _tokens.OfContent(), Written = Take(_written) });
        }
    }

    // Counts that were not asked for are for this reader alone.
    private GenerationUpdate Count(GenerationUpdate update) => update switch
    {
        { Usage: null } => update,
        { Timings: null, FinishReason: null } => update with { Usage = null },
        _ => update with { Usage = update.Usage with { ReasoningTokens = _reasoningTokens } },
    };

    private static string Take(StringBuilder builder)
    {
        var text = builder.ToString();
        builder.Clear();
        return text;
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
        var text = _held.AsSpan().TrimStart();
        if (text.StartsWith(_markers.Open, StringComparison.Ordinal))
        {
            Drop(_held.Length - text.Length + _markers.Open.Length);
            _place = Place.Opened;
            _hasOpened = true;
            return true;
        }

        if (_markers.Open.AsSpan().StartsWith(text, StringComparison.Ordinal))
        {
            return false;
        }

        _place = Place.Behind;
        return true;
    }

    private bool Skip(Place next)
    {
        Drop(_held.Length - _held.AsSpan().TrimStart().Length);
        if (_held.Length == 0)
        {
            return false;
        }

        _place = next;
        return true;
    }

    private bool Within()
    {
        var close = _held.IndexOf(_markers.Close, StringComparison.Ordinal);
        if (close >= 0)
        {
            var length = _held.AsSpan(0, close).TrimEnd().Length;
            Think(length);
            Drop(close - length + _markers.Close.Length);
            _place = Place.Closed;
            return true;
        }

        // White space is held too: it may be the last before the marker.
        Think(_held.AsSpan(0, _held.Length - Overlap()).TrimEnd().Length);
        return false;
    }

    private bool Behind()
    {
        _content.Append(_held);
        Leave(_held.Length, ThinkPart.Answer);
        return false;
    }

    private void End()
    {
        if (_place == Place.Within)
        {
            Think(_held.AsSpan().TrimEnd().Length);
            Drop(_held.Length);
        }
        else if (_place == Place.Before)
        {
            Behind();
        }

        _tokens.End(_place == Place.Within ? ThinkPart.Thinking : ThinkPart.Answer);
    }

    private void Think(int length)
    {
        _thinking.Append(_held, 0, length);
        Leave(length, ThinkPart.Thinking);
    }

    private void Drop(int length) => Leave(length, ThinkPart.Marker);

    private void Leave(int length, ThinkPart part)
    {
        _written.Append(_held, 0, length);
        _tokens.Leave(length, part);
        _held = _held[length..];
    }

    private int Overlap()
    {
        for (var length = Math.Min(_markers.Close.Length - 1, _held.Length); length > 0; length--)
        {
            if (_held.EndsWith(_markers.Close[..length], StringComparison.Ordinal))
            {
                return length;
            }
        }

        return 0;
    }
}
