using System.CommandLine;

namespace LlavaServer.Cli.Client;

/// <summary><c>llava rm</c>, <c>cp</c> and <c>stop</c>: what changes models and says little.</summary>
internal static class ModelVerbs
{
    public static Command Remove()
    {
        var models = new Argument<string[]>("model") { Description = "Names of models.", Arity = ArgumentArity.OneOrMore };
        return ClientVerb.Create("rm", "Remove models from the store.", [models], async (client, parsed, cancellationToken) =>
        {
            foreach (var model in parsed.GetValue(models)!)
            {
                var freed = await client.DeleteAsync(model, cancellationToken);
                Console.Out.WriteLine(TerminalText.Harmless($"removed {model}, {TerminalText.Bytes(freed)} freed"));
            }

            return ExitCodes.Done;
        });
    }

    public static Command Copy()
    {
        var source = new Argument<string>("source") { Description = "Name of a model." };
        var target = new Argument<string>("target") { Description = "Its second name." };
        return ClientVerb.Create("cp", "Give a model a second name; no files are copied.", [source, target], async (client, parsed, cancellationToken) =>
        {
            await client.SendAsync(HttpMethod.Post, "api/copy", new { source = parsed.GetValue(source), destination = parsed.GetValue(target) }, cancellationToken);
            Console.Out.WriteLine(TerminalText.Harmless($"{parsed.GetValue(source)} is now {parsed.GetValue(target)} too"));
            return ExitCodes.Done;
        });
    }

    public static Command Stop()
    {
        var model = new Argument<string>("model") { Description = "Name of a model." };
        var force = new Option<bool>("--force") { Description = "Do not wait for running answers; they end as failed." };
        return ClientVerb.Create("stop", "Take a model out of memory; running answers finish.", [model, force], async (client, parsed, cancellationToken) =>
        {
            if (parsed.GetValue(force))
            {
                await client.SendAsync(HttpMethod.Post, "api/stop", new { model = parsed.GetValue(model) }, cancellationToken);
                return ExitCodes.Done;
            }

            await client.SendAsync(HttpMethod.Post, "api/generate", new { model = parsed.GetValue(model), keep_alive = 0, stream = false }, cancellationToken);
            return ExitCodes.Done;
        });
    }
}
