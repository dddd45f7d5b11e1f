using System.Text.Json;

namespace LlavaServer.Cli.Bench;

/// <summary>Figures of one answer. Immutable.</summary>
/// <param name="FirstText">Milliseconds from the request to the first text, as the client saw it.</param>
/// <param name="Total">Milliseconds from the request to the end of the stream.</param>
/// <param name="Timings">What the server measured.</param>
internal sealed record BenchSample(double FirstText, double Total, JsonElement Timings)
{
    /// <summary>One of the server's figures.</summary>
    public double Figure(string name) => Timings.TryGetProperty(name, out var value) ? value.GetDouble() : 0;
}
