using System.CommandLine;
using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Create;

/// <summary><c>llava create</c>: a model by a Modelfile. Its files are uploaded unless the server has them; progress as of a pull.</summary>
internal static class CreateVerb
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "Name of the new model; one that has it is replaced." };
        var file = new Option<string>("--file", "-f") { Description = "The Modelfile; - is standard input.", HelpName = "modelfile", DefaultValueFactory = static _ => "Modelfile" };
        var quantize = new Option<string?>("--quantize", "-q") { Description = "Format of the new weights, for example Q4_K_M.", HelpName = "format" };
        return ClientVerb.Create("create", "Create a model by a Modelfile.", [model, file, quantize], async (client, parsed, cancellationToken) =>
        {
            var recipe = await ModelRecipe.ReadAsync(parsed.GetValue(file)!, cancellationToken);
            foreach (var name in recipe.Deprecated)
            {
                await Console.Error.WriteLineAsync($"warning: parameter {name} is deprecated and has no effect");
            }

            recipe.Body["model"] = parsed.GetValue(model);
            if (parsed.GetValue(quantize) is { } format)
            {
                recipe.Body["quantize"] = format;
            }

            await TransferVerbs.FollowAsync(recipe.RunAsync(client, cancellationToken));
            return ExitCodes.Done;
        });
    }
}
