using System.Text.Json.Nodes;
using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Run;

/// <summary>What lines that begin with a slash do, if their first word is one of these. Owned by one chat.</summary>
internal sealed class ChatCommands(ServerClient client, Chat chat, AnswerPrinter printer)
{
    private const string Help = """
        /image PATH                  attach a picture to the next question
        /images                      list the pictures of this chat
        /clear                       forget the conversation
        /system TEXT                 set the system text
        /set parameter NAME VALUE    set a parameter, for example temperature 0
        /set format json|text|FILE   hold answers to JSON, or to the JSON Schema in a file
        /set verbose|quiet           show counts and times, or not
        /show [WHAT]                 show the model: info, modelfile, parameters, template, system, license
        /load MODEL                  go on with another model
        /save NAME                   save model, system text, parameters and conversation as a model
        /bye                         leave (as Ctrl+D)
        Three double quotes begin and end a text of several lines. Ctrl+C stops an answer.
        """;

    private static readonly string[] s_names =
        ["/image", "/images", "/clear", "/system", "/set", "/show", "/load", "/save", "/help", "/?", "/bye", "/exit"];

    private List<PictureFile> _pictures = [];

    /// <summary>Whether a line is a command: <c>/home/me/a.png what is this?</c> is a question.</summary>
    public static bool IsCommand(string line) => s_names.Contains(line.TrimStart().Split((char[]?)null, 2)[0], StringComparer.Ordinal);

    /// <summary>Pictures that wait for the next question.</summary>
    public IReadOnlyList<PictureFile> TakePictures()
    {
        var taken = _pictures;
        _pictures = [];
        return taken;
    }

    public void GiveBack(IReadOnlyList<PictureFile> pictures) => _pictures.InsertRange(0, pictures);

    /// <summary>False: the user leaves. Throws <see cref="VerbException"/> for what cannot be done.</summary>
    public async Task<bool> RunAsync(string line, CancellationToken cancellationToken)
    {
        var words = line.Trim().Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var rest = words.Length > 1 ? words[1] : "";
        switch (words[0])
        {
            case "/bye" or "/exit":
                return false;
            case "/help" or "/?":
                Say(Help);
                break;
            case "/image":
                Attach(rest);
                break;
            case "/images":
                ListPictures();
                break;
            case "/clear":
                chat.Clear();
                _pictures.Clear();
                Say("The conversation is forgotten.");
                break;
            case "/system":
                chat.System = rest;
                Say(rest.Length > 0 ? "The system text is set." : "The system text is the model's own.");
                break;
            case "/set":
                Set(rest.Split((char[]?)null, 3, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
                break;
            case "/show":
                await ShowAsync(rest, cancellationToken);
                break;
            case "/load":
                await RunVerb.EnsureModelAsync(client, Needed(rest, "/load MODEL"), cancellationToken);
                chat.Model = rest;
                Say($"Going on with {rest}.");
                break;
            case "/save":
                await SaveAsync(Needed(rest, "/save NAME"), cancellationToken);
                break;
        }

        return true;
    }

    private static void Say(string text) => Console.Error.WriteLine(TerminalText.Harmless(text));

    private static string Needed(string text, string form) => text.Length > 0 ? text : throw new VerbException(ExitCodes.WrongUsage, $"The form is {form}.");

    private void Attach(string path)
    {
        Needed(path, "/image PATH");
        var unquoted = path.Length > 1 && path[0] is '"' or '\'' && path[^1] == path[0] ? path[1..^1] : path;
        var picture = PictureFile.Open(unquoted);
        _pictures.Add(picture);
        RunVerb.Announce([picture], chat.PictureLabels.Count + _pictures.Count - 1);
    }

    private void ListPictures()
    {
        var labels = chat.PictureLabels.Concat(_pictures.Select(static picture => picture.Label + ", for the next question")).ToList();
        Say(labels.Count == 0 ? "There are no pictures yet." : string.Join('\n', labels.Select(static (label, i) => $"image {i + 1}: {label}")));
    }

    private void Set(string[] words)
    {
        switch (words)
        {
            case ["parameter", var name, var value]:
                chat.Parameters.Set(name, value);
                Say($"{name} is {value}.");
                break;
            case ["format", var format]:
                chat.Format = AnswerFormat.Read(format);
                Say(chat.Format is null ? "Answers are text." : "Answers are held to JSON.");
                break;
            case ["system", .. var text]:
                chat.System = string.Join(' ', text);
                Say("The system text is set.");
                break;
            case ["verbose"] or ["quiet"]:
                printer.IsVerbose = words[0] == "verbose";
                Say(printer.IsVerbose ? "Counts and times are shown." : "Counts and times are not shown.");
                break;
            default:
                throw new VerbException(ExitCodes.WrongUsage, "The form is /set parameter NAME VALUE, /set format json|text|FILE, /set system TEXT, /set verbose or /set quiet.");
        }
    }

    private async Task ShowAsync(string what, CancellationToken cancellationToken)
    {
        if (what.Length > 0 && what != "info" && !ShowVerb.Parts.Contains(what))
        {
            throw new VerbException(ExitCodes.WrongUsage, $"There are /show info, {string.Join(", ", ShowVerb.Parts)}.");
        }

        await ShowVerb.WriteAsync(client, chat.Model, what is "" or "info" ? null : what, Console.Error, cancellationToken);
    }

    private async Task SaveAsync(string name, CancellationToken cancellationToken)
    {
        var request = new JsonObject { ["model"] = name, ["from"] = chat.Model, ["parameters"] = chat.Parameters.ToOptions(), ["stream"] = false };
        if (chat.System.Length > 0)
        {
            request["system"] = chat.System;
        }

        if (chat.TextMessages is { Count: > 0 } messages)
        {
            request["messages"] = messages;
        }

        await client.SendAsync(HttpMethod.Post, "api/create", request, cancellationToken);
        Say($"Saved as {name}.");
    }
}
