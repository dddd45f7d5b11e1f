using LlavaServer.Inference.Grammars;
using LlavaServer.Inference.Thinking;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>What <c>/api/chat</c> and <c>/api/generate</c> have in common. Immutable, copied out of the body.</summary>
internal abstract record OllamaRequest
{
    /// <summary>As the caller wrote it; empty if it was not given.</summary>
    public string Model { get; init; } = "";

    /// <summary>One JSON object a line as the answer grows, or one object at the end.</summary>
    public bool Stream { get; init; } = true;

    public OllamaOptions Options { get; init; } = new();

    /// <summary>The form of the answer; null is text without form.</summary>
    public Grammar? Format { get; init; }

    /// <summary>The caller does not want the model to think; a template that knows nothing of it does not either.</summary>
    public bool SwitchesThinkingOff { get; init; }

    /// <summary>How hard the model is to think, when the caller says so; null leaves it to the model.</summary>
    public string? ThinkLevel { get; init; }

    /// <summary>Where the model thinks in this answer; null when it does not, or its text is wanted as it is.</summary>
    public ThinkMarkers? Thinks { get; init; }

    /// <summary>How long the model stays loaded: seconds, or a duration such as <c>5m</c>.</summary>
    public KeepAlive KeepAlive { get; init; }

    /// <summary>Whether the oldest messages are dropped when the prompt does not fit.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>Tokens come with their probabilities, and with this many of the most likely ones; null is none of it.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>The prompt is shown and not answered.</summary>
    public bool RendersOnly { get; init; }

    /// <summary>Top-level members that were given, accepted, and do nothing here.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];
}
