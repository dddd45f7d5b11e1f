using System.Text;

namespace LlavaServer.Cli.Run;

/// <summary>How a prompt and a text lie on a terminal: rows, and where the cursor is. Immutable.</summary>
internal sealed class ScreenText
{
    private const string Continued = "... ";

    /// <param name="prompt">In front of the first row.</param>
    /// <param name="text">May have line feeds; rows behind them begin with dots.</param>
    /// <param name="cursor">Position in the text.</param>
    /// <param name="width">Columns of the terminal.</param>
    public ScreenText(string prompt, string text, int cursor, int width)
    {
        var screen = new StringBuilder();
        var (row, column) = (0, 0);
        Put(prompt);
        for (var i = 0; i <= text.Length; i++)
        {
            if (i == cursor)
            {
                (CursorRow, CursorColumn) = (row, column);
            }

            if (i == text.Length)
            {
                break;
            }

            if (text[i] == '\n')
            {
                screen.Append("\r\n");
                (row, column) = (row + 1, 0);
                Put(Continued);
            }
            else if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length)
            {
                Put(text.Substring(i++, 2));
            }
            else
            {
                Put(text[i] == '\t' ? " " : char.IsControl(text[i]) ? "?" : text[i].ToString());
            }
        }

        Text = screen.ToString();
        EndRow = row;

        void Put(string characters)
        {
            foreach (var rune in characters.EnumerateRunes())
            {
                var cells = IsWide(rune.Value) ? 2 : 1;
                if (column + cells > width)
                {
                    screen.Append("\r\n");
                    (row, column) = (row + 1, 0);
                }

                screen.Append(rune.ToString());
                column += cells;
            }

            // A full row does not wrap before the next character; the cursor would stand on its last one.
            if (column == width)
            {
                screen.Append("\r\n");
                (row, column) = (row + 1, 0);
            }
        }
    }

    public string Text { get; }

    public int EndRow { get; }

    public int CursorRow { get; }

    public int CursorColumn { get; }

    // East Asian wide characters and pictographs (Unicode Standard Annex 11), by their blocks.
    private static bool IsWide(int value) =>
        value is >= 0x1100 and <= 0x115F or >= 0x2E80 and <= 0xA4CF or >= 0xAC00 and <= 0xD7A3 or >= 0xF900 and <= 0xFAFF
            or >= 0xFE30 and <= 0xFE6F or >= 0xFF00 and <= 0xFF60 or >= 0xFFE0 and <= 0xFFE6 or >= 0x1F300 and <= 0x1FAFF or >= 0x20000 and <= 0x3FFFD;
}
