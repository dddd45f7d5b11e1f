using System.Text.Json;

namespace LlavaServer.Cli.Run;

/// <summary>One chunk of an answer's stream. Immutable.</summary>
/// <param name="Text">New text; empty if there is none.</param>
/// <param name="Progress">How far the answer is before its text; null in other chunks.</param>
/// <param name="Timings">Measured times and counted tokens, in the last chunk.</param>
internal sealed record ChatEvent(string Text, JsonElement? Progress, JsonElement? Timings);
