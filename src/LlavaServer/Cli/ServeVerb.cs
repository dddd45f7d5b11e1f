using System.CommandLine;
using LlavaServer.Configuration;
using LlavaServer.Health;
using LlavaServer.Inference;
using LlavaServer.Serving;

namespace LlavaServer.Cli;

/// <summary><c>llava serve</c>: runs the server in the foreground until a signal.</summary>
internal static class ServeVerb
{
    private static readonly (Option Option, string Key)[] s_options =
    [
        (new Option<string>("--host") { Description = "Address to listen on, for example 127.0.0.1:11434.", HelpName = "address" }, "Host"),
        (new Option<string>("--model", "-m") { Description = "Language model, a GGUF file. Default: the bundled model.", HelpName = "file" }, "Model:Path"),
        (new Option<string>("--mmproj") { Description = "Vision tower and projector, a GGUF file.", HelpName = "file" }, "Model:Mmproj"),
        (new Option<string>("--name", "-a") { Description = "Name of the model. Default: the file's name.", HelpName = "name" }, "Model:Name"),
        (new Option<string>("--threads", "-t") { Description = "Threads of the engine. Default: all cores.", HelpName = "n" }, "Engine:Threads"),
        (new Option<string>("--vision-profile") { Description = "ref, llamacpp-l28, llamacpp-h or llamacpp-d.", HelpName = "profile" }, "Engine:VisionProfile"),
        (new Option<string>("--ctx-size", "-c", "--context-length") { Description = "Positions per slot.", HelpName = "n" }, "Engine:ContextLength"),
        (new Option<string>("--slots", "-np", "--parallel") { Description = "Answers generated together.", HelpName = "n" }, "Engine:Slots"),
        (new Option<string>("--engine-process") { Description = "Where the engine runs: in, or child (a process per model).", HelpName = "where" }, "Engine:Process"),
    ];

    public static Command Create()
    {
        var command = new Command("serve", "Run the server (the default).");
        command.Aliases.Add("start");
        AddTo(command);
        return command;
    }

    public static void AddTo(Command command)
    {
        foreach (var (option, _) in s_options)
        {
            command.Options.Add(option);
        }

        command.SetAction(static (parsed, _) => RunAsync(SettingsOf(parsed)));
    }

    private static Dictionary<string, string?> SettingsOf(ParseResult parsed)
    {
        var settings = new Dictionary<string, string?>();
        foreach (var (option, key) in s_options)
        {
            if (parsed.GetResult(option) is not null)
            {
                settings[$"{ServerOptions.Section}:{key}"] = parsed.GetValue((Option<string>)option);
            }
        }

        return settings;
    }

    private static async Task<int> RunAsync(IReadOnlyDictionary<string, string?> settings)
    {
        try
        {
            await using var app = Program.Build(settings);
            using var signals = new ShutdownSignals(app.Services.GetRequiredService<DrainState>());
            await app.StartAsync();
            await app.AnnounceAsync();
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (SettingsException exception)
        {
            await Console.Error.WriteLineAsync("The server cannot start with these settings:");
            foreach (var problem in exception.Problems)
            {
                await Console.Error.WriteLineAsync("  " + problem);
            }

            return 2;
        }
        catch (InferenceException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 2;
        }
        catch (Exception exception) when (exception is IOException or System.Net.Sockets.SocketException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
    }
}
