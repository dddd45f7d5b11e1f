using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlavaServer.Benchmarks.Golden;

/// <summary>
/// <c>templates --server COMMAND --model GGUF --mmproj GGUF --folder FOLDER [--port 8099]</c>: starts <c>llama-server --jinja</c> once for every template
/// (*.jinja) in FOLDER, has it write every conversation of FOLDER/conversations.json by <c>/apply-template</c>, and saves the texts, or that it refused,
/// in FOLDER/golden.json. The chat template tests compare the interpreter with them. COMMAND may have arguments, divided by spaces.
/// </summary>
internal static class TemplatesCommand
{
    private const string Marker = "<__media__>";
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task<int> RunAsync(string[] args)
    {
        if (CommandLine.Option(args, "--server") is not { } server
            || CommandLine.Option(args, "--model") is not { } model
            || CommandLine.Option(args, "--mmproj") is not { } mmproj
            || CommandLine.Option(args, "--folder") is not { } folder)
        {
            await Console.Error.WriteLineAsync("templates --server COMMAND --model GGUF --mmproj GGUF --folder FOLDER [--port 8099]");
            return 2;
        }

        var port = CommandLine.Integer(args, "--port", 8099);
        var conversations = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "conversations.json")))!.AsObject();
        var templates = new JsonObject();
        string? build = null;
        foreach (var file in Directory.EnumerateFiles(folder, "*.jinja").Order(StringComparer.Ordinal))
        {
            using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(60) };
            using var process = Start(server, model, mmproj, file, port);
            try
            {
                var texts = new JsonObject();
                build ??= await ReadyAsync(client, process) ? await BuildAsync(client) : null;
                if (!await ReadyAsync(client, process))
                {
                    await Console.Error.WriteLineAsync($"{Path.GetFileName(file)}: the server did not start");
                    continue;
                }

                foreach (var (name, body) in conversations)
                {
                    using var response = await client.PostAsJsonAsync("/apply-template", body);
                    var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
                    texts[name] = response.IsSuccessStatusCode ? answer["prompt"]!.GetValue<string>() : null;
                }

                templates[Path.GetFileNameWithoutExtension(file)] = texts;
                Console.WriteLine($"{Path.GetFileName(file)}: {texts.Count(t => t.Value is not null)} of {texts.Count}");
            }
            finally
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync();
            }
        }

        var golden = new JsonObject
        {
            ["made"] = $"llama-server {build}, --jinja --chat-template-file, LLAMA_MEDIA_MARKER={Marker}; command 'templates' of LlavaServer.Benchmarks; null: refused",
            ["date"] = DateTimeOffset.Now.ToString("yyyy-MM-dd"),
            ["templates"] = templates,
        };
        await File.WriteAllTextAsync(Path.Combine(folder, "golden.json"), golden.ToJsonString(s_json) + "\n");
        return 0;
    }

    private static Process Start(string server, string model, string mmproj, string template, int port)
    {
        var command = server.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var start = new ProcessStartInfo(command[0]) { RedirectStandardError = true, RedirectStandardOutput = true };
        string[] arguments =
        [
            .. command[1..], "-m", Path.GetFullPath(model), "--mmproj", Path.GetFullPath(mmproj), "--jinja", "--chat-template-file", Path.GetFullPath(template),
            "--port", $"{port}", "-c", "512", "-np", "1", "-t", "1", "--no-warmup",
        ];
        Array.ForEach(arguments, start.ArgumentList.Add);
        start.Environment["LLAMA_MEDIA_MARKER"] = Marker;
        var process = Process.Start(start)!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return process;
    }

    private static async Task<bool> ReadyAsync(HttpClient client, Process process)
    {
        for (var attempt = 0; attempt < 600 && !process.HasExited; attempt++)
        {
            try
            {
                using var response = await client.GetAsync("/health");
                if (response.IsSuccessStatusCode)
                {
                    return true;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(100);
        }

        return false;
    }

    private static async Task<string> BuildAsync(HttpClient client)
    {
        var properties = JsonNode.Parse(await client.GetStringAsync("/props"))!;
        return properties["build_info"]?.GetValue<string>() ?? "of unknown build";
    }
}
