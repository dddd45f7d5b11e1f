using System.Diagnostics;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using LlavaServer.Engine.Tests.Language;

namespace LlavaServer.Benchmarks.Engine;

/// <summary>
/// `logits --llama-server PATH --out FILE`: writes the golden log-probabilities of the engine's tests by asking llama-server about every random-weight
/// model of <see cref="GoldenLogits.Models"/>.
/// </summary>
internal static class LogitsCommand
{
    private const int PromptTokens = 40;
    private const int Steps = 12;
    private const int Likeliest = 24;
    private const string Address = "http://127.0.0.1:18123";

    // llama-server leaves out the probabilities of tokens that end inside a character: the answer is kept to whole pieces. The bias moves the choice,
    // not the reported probabilities.
    private static readonly int[] Choices = [270, 300, 333, 361, 402, 444, 487, 500];

    public static async Task<int> RunAsync(string[] args)
    {
        string? server = CommandLine.Option(args, "--llama-server");
        string? output = CommandLine.Option(args, "--out");
        if (server is null || output is null)
        {
            await Console.Error.WriteLineAsync("usage: logits --llama-server PATH --out FILE");
            return 2;
        }

        string folder = Directory.CreateTempSubdirectory("llava-logits").FullName;
        var golden = new List<string>();
        try
        {
            foreach ((string name, _, _) in GoldenLogits.Models)
            {
                string path = GoldenLogits.WriteModel(folder, name);
                golden.Add(JsonSerializer.Serialize(await AskAsync(server, path, name), GoldenLogits.Json));
                Console.WriteLine(name);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        await File.WriteAllTextAsync(output, $"[\n{string.Join(",\n", golden)}\n]\n");
        return 0;
    }

    private static async Task<GoldenLogits> AskAsync(string server, string path, string name)
    {
        string[] arguments = ["-m", path, "-c", "512", "-t", "1", "-tb", "1", "-np", "1", "-fa", "off", "--no-warmup", "--host", "127.0.0.1", "--port", "18123"];
        using Process process = Process.Start(new ProcessStartInfo(server, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.ErrorDataReceived += (_, _) => { };
        process.OutputDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri(Address), Timeout = TimeSpan.FromMinutes(2) };
            await WaitUntilHealthyAsync(client, process);
            int[] prompt = [1, .. Enumerable.Range(0, PromptTokens - 1).Select(i => 259 + (i * 37 % 250))];
            var request = new
            {
                prompt,
                n_predict = Steps,
                n_probs = Likeliest,
                temperature = 0,
                cache_prompt = false,
                logit_bias = Choices.Select(token => new[] { token, 100 }).ToArray(),
            };
            using HttpResponseMessage response = await client.PostAsJsonAsync("/completion", request);
            response.EnsureSuccessStatusCode();
            using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            GoldenStep[] steps = [.. document.RootElement.GetProperty("completion_probabilities").EnumerateArray().Select(ReadStep)];
            string command = $"llama-server (llama.cpp b11669) {string.Join(' ', arguments[2..])} -m golden-{name}.gguf; POST /completion "
                + $"with the prompt's ids, n_predict {Steps}, n_probs {Likeliest}, temperature 0, cache_prompt false, logit_bias 100 for {string.Join(' ', Choices)}";
            return new GoldenLogits(name, Convert.ToHexString(SHA256.HashData(await File.ReadAllBytesAsync(path))), command, prompt, steps);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
    }

    private static GoldenStep ReadStep(JsonElement step)
    {
        JsonElement[] likeliest = [.. step.GetProperty("top_logprobs").EnumerateArray()];
        return new GoldenStep(
            step.GetProperty("id").GetInt32(),
            [.. likeliest.Select(token => token.GetProperty("id").GetInt32())],
            [.. likeliest.Select(token => token.GetProperty("logprob").GetSingle())]);
    }

    private static async Task WaitUntilHealthyAsync(HttpClient client, Process process)
    {
        for (int attempt = 0; attempt < 600 && !process.HasExited; attempt++)
        {
            try
            {
                using HttpResponseMessage health = await client.GetAsync(new Uri("/health", UriKind.Relative));
                if (health.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(100);
        }

        throw new InvalidOperationException("llama-server did not come up.");
    }
}
