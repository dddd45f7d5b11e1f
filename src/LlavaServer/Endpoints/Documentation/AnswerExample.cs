namespace LlavaServer.Endpoints.Documentation;

/// <summary>Metadata of a route whose answer is written by hand: an example of its JSON, from which the named schema at <c>/swagger</c> is made.</summary>
internal sealed record AnswerExample(string Name, string Json)
{
    /// <summary>How the route's refusals look; null is as OpenAI's.</summary>
    public AnswerExample? Error { get; init; }
}
