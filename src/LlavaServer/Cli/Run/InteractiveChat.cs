using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Run;

/// <summary>
/// A chat on the terminal: reads lines, asks, shows answers. A question that could not be asked comes back for editing. Owned by one run of the verb.
/// </summary>
internal sealed class InteractiveChat
{
    private const string Prompt = ">>> ";
    private const string MorePrompt = "... ";
    private const string LongText = "\"\"\"";

    private readonly Chat _chat;
    private readonly AnswerPrinter _printer;
    private readonly LineEditor _editor;
    private readonly ChatCommands _commands;

    public InteractiveChat(ServerClient client, Chat chat, AnswerPrinter printer)
    {
        _chat = chat;
        _printer = printer;
        _editor = new LineEditor(new TerminalKeys(), Console.Error, static () => Console.WindowWidth, LineHistory.OfUser());
        _commands = new ChatCommands(client, chat, printer);
    }

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await Console.Error.WriteLineAsync(TerminalText.Harmless($"Chat with {_chat.Model}. Drop pictures into the window or type their paths; /help shows more, /bye leaves."));
        var again = "";
        while (Read(again) is { } line)
        {
            again = "";
            if (line.Trim().Length == 0)
            {
                continue;
            }

            try
            {
                if (ChatCommands.IsCommand(line))
                {
                    if (!await _commands.RunAsync(line, cancellationToken))
                    {
                        break;
                    }
                }
                else
                {
                    again = await AskAsync(line, cancellationToken);
                }
            }
            catch (VerbException failure)
            {
                await Console.Error.WriteLineAsync(TerminalText.Harmless(failure.Message));
                again = ChatCommands.IsCommand(line) ? "" : line;
            }
        }

        return ExitCodes.Done;
    }

    /// <summary>The line to be edited again; empty when it was answered.</summary>
    private async Task<string> AskAsync(string line, CancellationToken cancellationToken)
    {
        var prompt = PromptLine.Read(line);
        if (prompt.Problems.Count > 0)
        {
            await Console.Error.WriteLineAsync(TerminalText.Harmless(string.Join(Environment.NewLine, prompt.Problems)));
            return line;
        }

        var pictures = _commands.TakePictures();
        RunVerb.Announce(prompt.Pictures, _chat.PictureLabels.Count + pictures.Count);
        _chat.Ask(prompt.Text, [.. pictures, .. prompt.Pictures]);
        using var interrupt = new Interrupt(cancellationToken);
        try
        {
            _chat.Answered(await _printer.AskAsync(_chat.ToRequest(), interrupt.Token));
        }
        catch (OperationCanceledException) when (interrupt.HasHappened)
        {
            _chat.TakeBack(pictures.Count + prompt.Pictures.Count);
            _commands.GiveBack(pictures);
        }
        catch (VerbException)
        {
            _chat.TakeBack(pictures.Count + prompt.Pictures.Count);
            _commands.GiveBack(pictures);
            throw;
        }

        return "";
    }

    // Between two triple quotes a text has several lines.
    private string? Read(string initial)
    {
        Console.TreatControlCAsInput = true;
        try
        {
            var line = _editor.Read(Prompt, initial);
            if (line is null || !line.StartsWith(LongText, StringComparison.Ordinal))
            {
                return line;
            }

            var text = line[LongText.Length..];
            while (!text.EndsWith(LongText, StringComparison.Ordinal))
            {
                if (_editor.Read(MorePrompt) is not { } more)
                {
                    return null;
                }

                text += "\n" + more;
            }

            return text[..^LongText.Length].Trim('\n');
        }
        finally
        {
            Console.TreatControlCAsInput = false;
        }
    }
}
