using System.Net;
using LlavaServer.Benchmarks.Compare;
using LlavaServer.Benchmarks.Load;

namespace LlavaServer.Benchmarks.Soak;

/// <summary>One client of a soak: asks one thing after another, drawn from its own random numbers. An answer that nobody expects ends the run.</summary>
internal sealed class SoakUser(LightClient client, Random random, byte[][] pictures, int tokens)
{
    private const int Side = 96;

    public int Answered { get; private set; }

    /// <summary>Answers that it did not wait for.</summary>
    public int Left { get; private set; }

    /// <summary>Broken requests that were refused as they should be.</summary>
    public int Refused { get; private set; }

    /// <summary>Requests that the server had no place for.</summary>
    public int Busy { get; private set; }

    public async Task AskAsync()
    {
        var question = RandomText.Words(random, random.Next(1, 40));
        var system = random.Next(3) == 0 ? "You answer in few words." : null;
        var kind = random.Next(20);
        var picture = kind switch
        {
            < 8 => null,
            < 14 => pictures[random.Next(pictures.Length)],
            < 17 => NoisePicture.Png(random, Side),
            17 => pictures[0][..^100],
            _ => null,
        };
        var body = kind == 18 ? "{\"messages\":5}"u8.ToArray() : LightClient.Body(system, question, picture, tokens);
        using var leaving = new CancellationTokenSource();
        if (random.Next(5) == 0)
        {
            leaving.CancelAfter(random.Next(1, 200));
        }

        try
        {
            await client.AskAsync(body, leaving.Token);
            Answered++;
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
            Left++;
        }
        catch (HttpRequestException refusal) when (refusal.StatusCode == HttpStatusCode.BadRequest && kind is 17 or 18)
        {
            Refused++;
        }
        catch (HttpRequestException refusal) when (refusal.StatusCode == HttpStatusCode.TooManyRequests)
        {
            Busy++;
        }
    }
}
