using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlavaServer.Cli.Client;
using LlavaServer.Cli.Run;

namespace LlavaServer.Cli.Bench;

/// <summary>Measures one model of a server over HTTP. Owned by one run of the verb.</summary>
internal sealed class Bencher(ServerClient server, BenchPlan plan)
{
    /// <summary>Warms up and measures. Throws <see cref="VerbException"/> as soon as an answer fails.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="round">Told each measured round that is done.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<BenchResult> MeasureAsync(string model, Action round, CancellationToken cancellationToken)
    {
        var shown = await server.SendAsync(HttpMethod.Post, "api/show", new { model }, cancellationToken);
        var sees = shown.GetProperty("capabilities").EnumerateArray().Any(static capability => capability.GetString() == "vision");
        var ours = sees ? plan : plan with { Pictures = 0 };
        for (var i = 0; i < plan.WarmUp; i++)
        {
            var question = new BenchQuestion(ours, model, Random.Shared);
            await AskAsync(question.Ask(question.NewPictures()), cancellationToken);
        }

        var (first, again) = (new ConcurrentBag<BenchSample>(), new ConcurrentBag<BenchSample>());
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < plan.Repeat; i++)
        {
            await Task.WhenAll(Enumerable.Range(0, plan.Concurrency).Select(_ => RoundAsync(new BenchQuestion(ours, model, Random.Shared), ours.Pictures > 0, first, again, cancellationToken)));
            round();
        }

        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return await ResultAsync(model, shown, Figures(first, again, seconds), ours, cancellationToken);
    }

    private async Task RoundAsync(
        BenchQuestion question, bool hasPictures, ConcurrentBag<BenchSample> first, ConcurrentBag<BenchSample> again, CancellationToken cancellationToken)
    {
        var pictures = question.NewPictures();
        first.Add(await AskAsync(question.Ask(pictures), cancellationToken));
        if (hasPictures)
        {
            again.Add(await AskAsync(question.Ask(pictures), cancellationToken));
        }
    }

    private List<BenchFigure> Figures(ConcurrentBag<BenchSample> first, ConcurrentBag<BenchSample> again, double seconds)
    {
        List<BenchFigure> figures = [Times("first_token", first, static sample => sample.FirstText)];
        if (!again.IsEmpty)
        {
            figures.Add(Times("first_token_known_picture", again, static sample => sample.FirstText));
            figures.Add(Times("picture_encoding", first, static sample => sample.Figure("image_encode_ms")));
            figures.Add(Times("picture_encoding_known_picture", again, static sample => sample.Figure("image_encode_ms")));
        }

        figures.Add(BenchFigure.Of("prefill", "tokens/s", first.Select(static sample => sample.Figure("prompt_per_second"))));
        figures.Add(BenchFigure.Of("decode", "tokens/s", first.Select(static sample => sample.Figure("predicted_per_second"))));
        figures.Add(Times("total", first, static sample => sample.Total));
        if (plan.Concurrency > 1)
        {
            figures.Add(Times("queue", first, static sample => sample.Figure("queue_ms")));
            figures.Add(BenchFigure.Of("requests", "requests/s", [(first.Count + again.Count) / seconds]));
        }

        return figures;
    }

    private static BenchFigure Times(string name, IEnumerable<BenchSample> samples, Func<BenchSample, double> figure) =>
        BenchFigure.Of(name, "ms", samples.Select(figure));

    private async Task<BenchSample> AskAsync(JsonObject request, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        TimeSpan? firstText = null;
        JsonElement? timings = null;
        await foreach (var chunk in new ChatClient(server).AskAsync(request, cancellationToken))
        {
            firstText ??= chunk.Text.Length > 0 ? Stopwatch.GetElapsedTime(began) : null;
            timings = chunk.Timings ?? timings;
        }

        var total = Stopwatch.GetElapsedTime(began);
        return timings is { } measured
            ? new BenchSample((firstText ?? total).TotalMilliseconds, total.TotalMilliseconds, measured)
            : throw new VerbException(ExitCodes.Failed, "The server tells no times: bench measures LlavaServer.");
    }

    private async Task<BenchResult> ResultAsync(string model, JsonElement shown, List<BenchFigure> figures, BenchPlan ours, CancellationToken cancellationToken)
    {
        var details = shown.GetProperty("details");
        var running = (await server.GetAsync("api/ps", cancellationToken)).GetProperty("models").EnumerateArray()
            .FirstOrDefault(entry => entry.GetProperty("name").GetString()!.StartsWith(model, StringComparison.OrdinalIgnoreCase));
        string Member(string name) => running.ValueKind == JsonValueKind.Object && running.TryGetProperty(name, out var value) ? value.ToString() : "";
        return new BenchResult
        {
            Model = model,
            Quantization = details.GetProperty("quantization_level").ToString(),
            ParameterSize = details.GetProperty("parameter_size").ToString(),
            Engine = Member("engine"),
            Device = Member("device"),
            Threads = int.TryParse(Member("threads"), out var threads) ? threads : 0,
            Server = await server.VersionAsync(cancellationToken),
            Client = ProductVersion.Short,
            MeasuredAt = TimeProvider.System.GetUtcNow(),
            Pictures = ours.Pictures,
            PromptTokens = ours.PromptTokens,
            Tokens = ours.Tokens,
            Concurrency = ours.Concurrency,
            Figures = figures,
        };
    }
}
