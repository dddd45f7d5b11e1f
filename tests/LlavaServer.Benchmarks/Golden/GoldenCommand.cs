using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace LlavaServer.Benchmarks.Golden;

/// <summary>
/// <c>golden --peer URL --model GGUF --questions FOLDER --out FILE</c>: writes the greedy answers (token ids) of a <c>llama-server</c> that runs this model
/// to the picture questions in FOLDER (questions.jsonl and pictures). The parity tests compare the managed engine with them. The peer must have been started with the
/// environment variable <c>LLAMA_MEDIA_MARKER=&lt;image&gt;</c>, so that the prompt can be spelt out.
/// </summary>
internal static class GoldenCommand
{
    private const string Marker = "<image>";

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is not ["--peer", var peer, "--model", var model, "--questions", var folder, "--out", var output])
        {
            await Console.Error.WriteLineAsync("golden --peer URL --model GGUF --questions FOLDER --out FILE");
            return 2;
        }

        using var client = new HttpClient { BaseAddress = new Uri(peer), Timeout = TimeSpan.FromMinutes(5) };
        var text = new StringBuilder();
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(model)));
        text.Append(JsonSerializer.Serialize(new { sha256 })).Append('\n');
        foreach (var line in await File.ReadAllLinesAsync(Path.Combine(folder, "questions.jsonl")))
        {
            using var item = JsonDocument.Parse(line);
            var picture = item.RootElement.GetProperty("picture").GetString()!;
            var question = item.RootElement.GetProperty("question").GetString()!;
            var tokens = await AnswerAsync(client, question, await File.ReadAllBytesAsync(Path.Combine(folder, picture)));
            text.Append(JsonSerializer.Serialize(new { picture, question, tokens })).Append('\n');
        }

        await File.WriteAllTextAsync(output, text.ToString());
        return 0;
    }

    private static async Task<int[]> AnswerAsync(HttpClient client, string question, byte[] picture)
    {
        var body = new
        {
            prompt = new
            {
                prompt_string = $"USER: {Marker}\n{question} ASSISTANT:",
                multimodal_data = new[] { Convert.ToBase64String(picture) },
            },
            temperature = 0,
            n_predict = 96,
            cache_prompt = false,
            return_tokens = true,
        };
        using var response = await client.PostAsJsonAsync("/completion", body);
        var answer = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(answer);
        }

        using var document = JsonDocument.Parse(answer);
        return [.. document.RootElement.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32())];
    }
}
