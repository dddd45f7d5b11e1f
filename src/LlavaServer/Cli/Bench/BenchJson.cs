using System.Text.Json.Serialization;

namespace LlavaServer.Cli.Bench;

/// <summary>JSON of <c>llava bench</c>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<BenchResult>))]
internal sealed partial class BenchJson : JsonSerializerContext;
