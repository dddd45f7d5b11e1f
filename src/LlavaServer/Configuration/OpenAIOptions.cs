using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Configuration;

/// <summary>Choices of the OpenAI dialect, section <c>Llava:OpenAI</c>.</summary>
internal sealed class OpenAIOptions
{
    /// <summary>Refuses fields that are unknown instead of listing them in <c>llava-ignored-params</c>. Default off: clients send fields of their own.</summary>
    public bool StrictParameters { get; set; }

    /// <summary>Tokens of a text completion that names no limit; 0 is the rest of the context. Default 16, OpenAI's.</summary>
    [Range(0, int.MaxValue)]
    public int CompletionsMaxTokens { get; set; } = 16;

    /// <summary>Answers a request for an unknown model with the default model, for clients with a hard-coded name. Default off.</summary>
    public bool UnknownModelIsDefault { get; set; }
}
