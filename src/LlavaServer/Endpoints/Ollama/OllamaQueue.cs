using System.Text.Json.Serialization;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>Our addition to <c>/api/ps</c>, which clients of Ollama skip: who uses a model and who waits for it. Immutable.</summary>
/// <param name="Running">Requests in slots.</param>
/// <param name="Waiting">Requests that wait for a slot.</param>
/// <param name="Slots">Requests that can be answered together.</param>
internal sealed record OllamaQueue(
    [property: JsonPropertyName("running")] int Running,
    [property: JsonPropertyName("waiting")] int Waiting,
    [property: JsonPropertyName("slots")] int Slots);
