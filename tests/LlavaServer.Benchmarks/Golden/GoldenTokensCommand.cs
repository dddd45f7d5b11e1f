using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlavaServer.Models.Gguf;
using LlavaServer.Models.Tests.Tokenization.Golden;

namespace LlavaServer.Benchmarks.Golden;

/// <summary>
/// <c>golden-tokens --llama-server PROGRAM --out golden-tokens.br</c>: writes the golden file of the tokenizers' tests. It was recorded with llama-server
/// of llama.cpp b11669 (Debian package llama.cpp-tools 0.7.0). Per variant it writes a GGUF file with the vocabulary and a one-layer model of zeros, starts
/// <c>PROGRAM -m FILE --port N --no-warmup -c 64 -t 1</c>, and posts each text to <c>/tokenize</c> with <c>add_special</c> and <c>parse_special</c> as in
/// <see cref="GoldenTokens.Modes"/>.
/// </summary>
internal static class GoldenTokensCommand
{
    private const int Width = 32;

    public static async Task<int> RunAsync(string[] args)
    {
        if (CommandLine.Option(args, "--llama-server") is not { } program || CommandLine.Option(args, "--out") is not { } target)
        {
            await Console.Error.WriteLineAsync("usage: golden-tokens --llama-server PROGRAM --out FILE");
            return 2;
        }

        var texts = GoldenCorpus.Texts;
        var modes = GoldenTokens.Modes.Length;
        var ids = texts.Select(_ => new int[GoldenVocabulary.Variants.Length * modes][]).ToArray();
        for (var variant = 0; variant < GoldenVocabulary.Variants.Length; variant++)
        {
            var file = Path.Combine(Path.GetTempPath(), $"golden-{GoldenVocabulary.Variants[variant]}.gguf");
            WriteModel(file, GoldenVocabulary.Variants[variant]);
            var port = 18_100 + variant;
            using var server = Start(program, file, port);
            try
            {
                using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
                await WaitAsync(client, server);
                for (var text = 0; text < texts.Count; text++)
                {
                    for (var mode = 0; mode < modes; mode++)
                    {
                        ids[text][(variant * modes) + mode] = await TokenizeAsync(client, texts[text], GoldenTokens.Modes[mode]);
                    }
                }
            }
            finally
            {
                server.Kill(entireProcessTree: true);
                File.Delete(file);
            }
        }

        await using var output = File.Create(target);
        GoldenTokens.Write(output, ids);
        return 0;
    }

    private static async Task<int[]> TokenizeAsync(HttpClient client, string text, (bool AddSpecial, bool ParseSpecial) mode)
    {
        var body = new JsonObject { ["content"] = text, ["add_special"] = mode.AddSpecial, ["parse_special"] = mode.ParseSpecial };
        using var response = await client.PostAsJsonAsync("/tokenize", body);
        var answer = await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonObject>();
        return [.. answer!["tokens"]!.AsArray().Select(token => token!.GetValue<int>())];
    }

    private static Process Start(string program, string file, int port)
    {
        var words = program.Split(' ');
        string[] arguments = [.. words[1..], "-m", file, "--host", "127.0.0.1", "--port", $"{port}", "--no-warmup", "-c", "64", "-t", "1", "--log-disable"];
        return Process.Start(new ProcessStartInfo(words[0], arguments))!;
    }

    private static async Task WaitAsync(HttpClient client, Process server)
    {
        for (var tries = 0; tries < 300 && !server.HasExited; tries++)
        {
            try
            {
                if ((await client.GetAsync(new Uri("/health", UriKind.Relative))).IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(200);
        }

        throw new InvalidOperationException("llama-server does not answer.");
    }

    private static void WriteModel(string file, string variant)
    {
        var writer = new GgufWriter();
        writer.AddString("general.architecture", "llama");
        writer.AddString("general.name", "golden " + variant);
        writer.AddUInt32("llama.context_length", 64);
        writer.AddUInt32("llama.embedding_length", Width);
        writer.AddUInt32("llama.block_count", 1);
        writer.AddUInt32("llama.feed_forward_length", Width);
        writer.AddUInt32("llama.attention.head_count", 1);
        writer.AddFloat32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        foreach (var (key, value) in GoldenVocabulary.Values(variant))
        {
            writer.SetValue(key, value);
        }

        var count = GoldenVocabulary.Metadata(variant).GetStrings("tokenizer.ggml.tokens").Length;
        AddZeros(writer, "token_embd.weight", Width, count);
        AddZeros(writer, "output_norm.weight", Width);
        AddZeros(writer, "blk.0.attn_norm.weight", Width);
        AddZeros(writer, "blk.0.ffn_norm.weight", Width);
        foreach (var name in (string[])["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"])
        {
            AddZeros(writer, $"blk.0.{name}.weight", Width, Width);
        }

        writer.Write(file);
    }

    private static void AddZeros(GgufWriter writer, string name, params long[] shape) =>
        writer.AddTensor(name, TensorType.F32, shape, new byte[shape.Aggregate(4L, (bytes, size) => bytes * size)]);
}
