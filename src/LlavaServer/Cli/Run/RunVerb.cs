using System.CommandLine;
using System.Text.Json;
using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Run;

/// <summary><c>llava run</c>: one question and its answer, or a chat on the terminal.</summary>
internal static class RunVerb
{
    private static readonly Argument<string> s_model = new("model") { Description = "Name of a model; one that is not in the store is pulled." };
    private static readonly Argument<string[]> s_prompt = new("prompt") { Description = "What to ask; paths of pictures in it are attached. Without it a chat.", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string[]> s_images = new("--image") { Description = "Picture: a file, an address, or - for standard input.", HelpName = "path" };
    private static readonly Option<string?> s_system = new("--system") { Description = "System text.", HelpName = "text" };
    private static readonly Option<string[]> s_parameters = new("--param") { Description = "Parameter, for example temperature=0.2.", HelpName = "name=value" };
    private static readonly Option<string?> s_format = new("--format") { Description = "json, or a file with a JSON Schema.", HelpName = "format" };
    private static readonly Option<string?> s_keepAlive = new("--keepalive") { Description = "How long the model stays in memory, for example 5m.", HelpName = "duration" };
    private static readonly Option<bool> s_verbose = new("--verbose") { Description = "Show counts and times." };

    public static Command Create() => ClientVerb.Create(
        "run", "Ask a model about pictures, once or in a chat.", [s_model, s_prompt, s_images, s_system, s_parameters, s_format, s_keepAlive, s_verbose], RunAsync);

    private static async Task<int> RunAsync(ServerClient client, ParseResult parsed, CancellationToken cancellationToken)
    {
        var chat = new Chat { Model = parsed.GetValue(s_model)!, System = parsed.GetValue(s_system) ?? "", Format = AnswerFormat.Read(parsed.GetValue(s_format) ?? "") };
        Array.ForEach(parsed.GetValue(s_parameters) ?? [], chat.Parameters.Set);
        var images = parsed.GetValue(s_images) ?? [];
        var prompt = PromptLine.OfArguments(parsed.GetValue(s_prompt) ?? []);
        if (prompt.Problems.Count > 0)
        {
            throw new VerbException(ExitCodes.WrongUsage, string.Join(Environment.NewLine, prompt.Problems));
        }

        PictureFile[] pictures = [.. images.Select(PictureFile.Open), .. prompt.Pictures];
        var piped = Console.IsInputRedirected && !images.Contains("-") ? await Console.In.ReadToEndAsync(cancellationToken) : "";
        var text = string.Join("\n\n", new[] { piped.Trim(), prompt.Text }.Where(static part => part.Length > 0));
        await EnsureModelAsync(client, chat.Model, cancellationToken);
        if (parsed.GetValue(s_keepAlive) is { } keepAlive)
        {
            await client.SendAsync(HttpMethod.Post, "api/generate", new { model = chat.Model, keep_alive = keepAlive, stream = false }, cancellationToken);
        }

        var printer = new AnswerPrinter(new ChatClient(client)) { IsVerbose = parsed.GetValue(s_verbose) };
        if (text.Length == 0 && pictures.Length == 0)
        {
            return Console.IsInputRedirected
                ? throw new VerbException(ExitCodes.WrongUsage, "There is nothing to ask: give a prompt, or run it on a terminal for a chat.")
                : await new InteractiveChat(client, chat, printer).RunAsync(cancellationToken);
        }

        Announce(pictures, 0);
        chat.Ask(text, pictures);
        await AskOnceAsync(printer, chat, cancellationToken);
        return ExitCodes.Done;
    }

    /// <summary>Says which pictures are attached: <c>image 1: cat.jpg (1024x768)</c>.</summary>
    internal static void Announce(IReadOnlyList<PictureFile> pictures, int before)
    {
        for (var i = 0; i < pictures.Count; i++)
        {
            Console.Error.WriteLine(TerminalText.Harmless($"image {before + i + 1}: {pictures[i].Label}"));
        }
    }

    /// <summary>Pulls a model that the server does not have, as Ollama's run does.</summary>
    internal static async Task EnsureModelAsync(ServerClient client, string model, CancellationToken cancellationToken)
    {
        try
        {
            await client.SendAsync(HttpMethod.Post, "api/show", new { model }, cancellationToken);
        }
        catch (VerbException failure) when (failure.ExitCode == ExitCodes.ModelNotFound)
        {
            try
            {
                await TransferVerbs.FollowAsync(client.LinesAsync("api/pull", new { model }, cancellationToken));
            }
            catch (VerbException pulled) when (pulled.ExitCode != ExitCodes.NotReachable)
            {
                throw new VerbException(ExitCodes.ModelNotFound, $"{failure.Message}, and it cannot be pulled: {pulled.Message}");
            }
        }
    }

    private static async Task AskOnceAsync(AnswerPrinter printer, Chat chat, CancellationToken cancellationToken)
    {
        using var interrupt = new Interrupt(cancellationToken);
        try
        {
            await printer.AskAsync(chat.ToRequest(), interrupt.Token);
        }
        catch (OperationCanceledException) when (interrupt.HasHappened)
        {
            // Nothing came before it.
        }

        if (interrupt.HasHappened)
        {
            throw new VerbException(ExitCodes.Interrupted, "Interrupted.");
        }
    }
}
