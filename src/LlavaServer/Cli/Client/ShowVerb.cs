using System.CommandLine;
using System.Text.Json;

namespace LlavaServer.Cli.Client;

/// <summary><c>llava show</c>: what a model is.</summary>
internal static class ShowVerb
{
    /// <summary>What can be shown alone.</summary>
    public static IReadOnlyList<string> Parts { get; } = ["modelfile", "parameters", "template", "system", "license"];

    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "Name of a model." };
        var parts = Parts.Select(static part => new Option<bool>("--" + part) { Description = $"Only its {part}." }).ToList();
        return ClientVerb.Create("show", "Show what a model is.", [model, .. parts, ClientVerb.Json], async (client, parsed, cancellationToken) =>
        {
            var wanted = parts.Where(parsed.GetValue).Select(static part => part.Name[2..]).ToList();
            if (wanted.Count > 1)
            {
                throw new VerbException(ExitCodes.WrongUsage, $"Only one of {string.Join(", ", Parts.Select(static part => "--" + part))} at a time.");
            }

            if (parsed.GetValue(ClientVerb.Json))
            {
                Console.Out.WriteLine((await AskAsync(client, parsed.GetValue(model)!, cancellationToken)).GetRawText());
            }
            else
            {
                await WriteAsync(client, parsed.GetValue(model)!, wanted.FirstOrDefault(), Console.Out, cancellationToken);
            }

            return ExitCodes.Done;
        });
    }

    /// <summary>Writes what a model is, or one of <see cref="Parts"/>.</summary>
    internal static async Task WriteAsync(ServerClient client, string model, string? part, TextWriter output, CancellationToken cancellationToken)
    {
        var answer = await AskAsync(client, model, cancellationToken);
        if (part is not null)
        {
            await output.WriteLineAsync(TerminalText.Harmless(Text(answer, part)));
        }
        else
        {
            Write(answer, output);
        }
    }

    private static Task<JsonElement> AskAsync(ServerClient client, string model, CancellationToken cancellationToken) =>
        client.SendAsync(HttpMethod.Post, "api/show", new { model }, cancellationToken);

    private static void Write(JsonElement answer, TextWriter output)
    {
        var details = answer.GetProperty("details");
        var info = answer.GetProperty("model_info");
        var rows = new List<IReadOnlyList<string>>();
        Add("architecture", Text(info, "general.architecture"));
        Add("parameters", Text(details, "parameter_size"));
        Add("quantization", Text(details, "quantization_level"));
        Add("context length", Text(details, "context_length"));
        Add("embedding length", Text(details, "embedding_length"));
        if (answer.TryGetProperty("projector_info", out var projector) && projector.ValueKind == JsonValueKind.Object)
        {
            Add("vision tower", Text(projector, "general.architecture"));
            Add("projector", Text(projector, "clip.projector_type"));
            Add("image size", Text(projector, "clip.vision.image_size"));
            Add("rows per image", Rows(projector));
        }

        Add("capabilities", string.Join(", ", answer.GetProperty("capabilities").EnumerateArray().Select(static capability => capability.GetString())));
        foreach (var line in Text(answer, "parameters").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Add("parameter", line);
        }

        Add("system", Text(answer, "system"));
        TerminalText.WriteColumns(output, rows);

        void Add(string name, string value)
        {
            if (value.Length > 0)
            {
                rows.Add([name, value.ReplaceLineEndings(" ")]);
            }
        }
    }

    // A view has a row for each patch.
    private static string Rows(JsonElement projector) =>
        int.TryParse(Text(projector, "clip.vision.image_size"), out var size) && int.TryParse(Text(projector, "clip.vision.patch_size"), out var patch) && patch > 0
            ? $"{size / patch * (size / patch)}"
            : "";

    private static string Text(JsonElement answer, string name) => answer.TryGetProperty(name, out var value) ? value.ToString() : "";
}
