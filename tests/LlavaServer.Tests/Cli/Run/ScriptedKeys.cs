using LlavaServer.Cli.Run;

namespace LlavaServer.Tests.Cli.Run;

/// <summary>Keys as a terminal sends them, from a script.</summary>
internal sealed class ScriptedKeys : IKeys
{
    private const char Escape = '\u001b';
    private readonly Queue<ConsoleKeyInfo> _keys = new();

    public ScriptedKeys(string script) => Add(script);

    public bool IsWaiting => _keys.Count > 0;

    public ConsoleKeyInfo Read() => _keys.Dequeue();

    public void Add(string script)
    {
        for (var i = 0; i < script.Length; i++)
        {
            if (script[i] == '<')
            {
                var end = script.IndexOf('>', i);
                Named(script[(i + 1)..end]);
                i = end;
            }
            else if (script[i] == '^')
            {
                var letter = char.ToUpperInvariant(script[++i]);
                _keys.Enqueue(new ConsoleKeyInfo((char)(letter - '@'), ConsoleKey.A + (letter - 'A'), false, false, true));
            }
            else
            {
                _keys.Enqueue(new ConsoleKeyInfo(script[i], 0, false, false, false));
            }
        }
    }

    private void Named(string name)
    {
        switch (name)
        {
            case "enter":
                Press('\r', ConsoleKey.Enter);
                break;
            case "backspace":
                Press('\b', ConsoleKey.Backspace);
                break;
            case "paste":
                Sequence("[200~");
                break;
            case "/paste":
                Sequence("[201~");
                break;
            case "seq":
                Press(Escape, ConsoleKey.Escape);
                break;
            case "/seq":
                break;
            default:
                var isControl = name.StartsWith("ctrl-", StringComparison.Ordinal);
                Press('\0', (isControl ? name[5..] : name) switch
                {
                    "left" => ConsoleKey.LeftArrow,
                    "right" => ConsoleKey.RightArrow,
                    "up" => ConsoleKey.UpArrow,
                    "down" => ConsoleKey.DownArrow,
                    "home" => ConsoleKey.Home,
                    "delete" => ConsoleKey.Delete,
                    _ => throw new ArgumentException(name, nameof(name)),
                }, isControl);
                break;
        }
    }

    private void Sequence(string text)
    {
        Press(Escape, ConsoleKey.Escape);
        foreach (var character in text)
        {
            _keys.Enqueue(new ConsoleKeyInfo(character, 0, false, false, false));
        }
    }

    private void Press(char character, ConsoleKey key, bool isControl = false) => _keys.Enqueue(new ConsoleKeyInfo(character, key, false, false, isControl));
}
