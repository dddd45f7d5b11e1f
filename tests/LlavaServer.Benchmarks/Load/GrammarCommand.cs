using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Benchmarks.Compare;

namespace LlavaServer.Benchmarks.Load;

/// <summary>
/// <c>grammar --server URL</c>: what holding a JSON Schema costs. One stream at a time, free and held to a schema in turns, and the ratio of the medians of
/// their decode rates. The first request of each kind warms up and is not counted.
/// </summary>
internal static class GrammarCommand
{
    private const string Usage = "grammar --server URL [--tokens 128] [--prompt-words 20] [--repeat 7]";

    /// <summary>Objects with texts, numbers, choices and lists, so many that no answer comes to their end.</summary>
    private const string Schema =
        """{"type":"array","minItems":40,"items":{"type":"object","properties":{"name":{"type":"string","minLength":8,"maxLength":60},"kind":{"enum":["circle","square","triangle"]},"size":{"type":"number"},"tags":{"type":"array","items":{"type":"string","maxLength":20},"minItems":1,"maxItems":4},"seen":{"type":"boolean"}},"required":["name","kind","size","tags","seen"],"additionalProperties":false}}""";

    public static async Task<int> RunAsync(string[] args)
    {
        if (CommandLine.Option(args, "--server") is not { } server)
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        var tokens = CommandLine.Integer(args, "--tokens", 128);
        var words = CommandLine.Integer(args, "--prompt-words", 20);
        var repeat = CommandLine.Integer(args, "--repeat", 7);
        using var client = new LightClient(new Uri(server));
        var random = new Random(1);
        var (free, held, fewest) = (new List<double>(), new List<double>(), tokens);
        for (var i = 0; i <= repeat; i++)
        {
            var body = LightClient.Body(null, RandomText.Words(random, words), null, tokens);
            var without = await client.AskAsync(body);
            var with = await client.AskAsync(Hold(body));
            if (i > 0)
            {
                free.Add(Rate(without));
                held.Add(Rate(with));
                fewest = Math.Min(fewest, with.CompletionTokens);
            }
        }

        var (median, medianHeld) = (Statistics.Median(free), Statistics.Median(held));
        Console.WriteLine($"{tokens} tokens an answer ({fewest} at least when held), medians of {repeat} runs in turns");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"decode: free {median:F2} tokens/s, held to a JSON Schema {medianHeld:F2} tokens/s, ratio {medianHeld / median:F3}"));
        return 0;
    }

    /// <summary>The same request with the schema, which is too long to end and so needs no word about the end of the text.</summary>
    private static byte[] Hold(byte[] body)
    {
        var request = JsonNode.Parse(body)!.AsObject();
        request.Remove("ignore_eos");
        request["response_format"] = new JsonObject
        {
            ["type"] = "json_schema",
            ["json_schema"] = new JsonObject { ["name"] = "things", ["strict"] = true, ["schema"] = JsonNode.Parse(Schema) },
        };
        return JsonSerializer.SerializeToUtf8Bytes(request);
    }

    private static double Rate(LightAnswer answer) => (answer.CompletionTokens - 1) / (answer.End - answer.FirstToken).TotalSeconds;
}
