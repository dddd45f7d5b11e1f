using System.CommandLine;
using System.Text.Json;
using LlavaServer.Cli.Client;
using LlavaServer.Configuration;

namespace LlavaServer.Cli;

/// <summary><c>llava config</c>: what a server started here would be set to, where that comes from, and what is wrong with it.</summary>
internal static class ConfigVerb
{
    private const string Default = "default";

    public static Command Create()
    {
        var defaults = new Option<bool>("--show-defaults") { Description = "Show also what nobody set." };
        var command = new Command("config", "Show the settings and where each comes from; secrets are masked.");
        command.Options.Add(defaults);
        command.Options.Add(ClientVerb.Json);
        command.SetAction(parsed => Run(parsed.GetValue(defaults), parsed.GetValue(ClientVerb.Json)));
        return command;
    }

    private static int Run(bool showDefaults, bool asJson)
    {
        var environment = Environment.GetEnvironmentVariables();
        using var configuration = new ConfigurationManager();
        var problems = new List<string>();
        IReadOnlyList<string> warnings = [];
        try
        {
            warnings = ConfigurationSources.Apply(configuration, Environments.Production, environment, new Dictionary<string, string?>());
            _ = Program.Build(new Dictionary<string, string?>());
        }
        catch (SettingsException exception)
        {
            problems.AddRange(exception.Problems);
        }

        var settings = EffectiveSetting.All(configuration, environment).Where(setting => showDefaults || setting.Source is not null).ToList();
        if (asJson)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(settings.Select(static setting => new { key = setting.Key, value = setting.Value, source = setting.Source ?? Default })));
        }
        else
        {
            TerminalText.WriteColumns(Console.Out, [["KEY", "VALUE", "FROM"], .. settings.Select(static setting => new[] { setting.Key, setting.Value, setting.Source ?? Default })]);
        }

        foreach (var warning in warnings)
        {
            Console.Error.WriteLine(TerminalText.Harmless(warning));
        }

        foreach (var problem in problems)
        {
            Console.Error.WriteLine(TerminalText.Harmless(problem));
        }

        if (!showDefaults && !asJson)
        {
            Console.Error.WriteLine($"{Settings.All.Count - settings.Count} more have their defaults; --show-defaults shows them.");
        }

        return problems.Count == 0 ? ExitCodes.Done : ExitCodes.WrongUsage;
    }
}
