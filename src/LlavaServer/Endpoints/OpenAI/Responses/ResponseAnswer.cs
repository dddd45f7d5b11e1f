namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>What every object of one response repeats. Immutable.</summary>
/// <param name="Model">The model that answers.</param>
/// <param name="Created">Unix seconds.</param>
/// <param name="Settings">What it repeats of the request.</param>
internal sealed record ResponseAnswer(string Model, long Created, ResponseSettings Settings)
{
    public string Id { get; } = ChatAnswer.NewId("resp_");
}
