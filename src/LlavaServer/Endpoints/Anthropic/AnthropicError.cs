namespace LlavaServer.Endpoints.Anthropic;

/// <summary>Anthropic's error object. Immutable.</summary>
internal sealed record AnthropicError(string Type, string Message);
