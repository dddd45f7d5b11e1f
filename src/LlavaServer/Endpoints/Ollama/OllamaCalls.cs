using System.Text.Json;
using LlavaServer.Inference;
using LlavaServer.Inference.Prompting;
using LlavaServer.Inference.Tools;

namespace LlavaServer.Endpoints.Ollama;

/// <summary>
/// The calls of an answer as the dialect sends them: whole ones only. A call is whole when the next one begins or the answer ends; one that a limit cut is
/// left out. One answer.
/// </summary>
internal sealed class OllamaCalls
{
    /// <summary>Characters behind <c>call_</c> in the dialect's ids.</summary>
    private const int IdLength = 8;

    private const string IdStart = "call_";
    private readonly ToolCallList _calls = new();
    private int _sent;

    /// <summary>The calls that are whole with this update, and were not before; null is none.</summary>
    public IReadOnlyList<OllamaToolCall>? Take(GenerationUpdate update)
    {
        _calls.Add(update.ToolCalls);
        var whole = update.FinishReason is null ? _calls.Count - 1 : _calls.Count;
        if (whole <= _sent)
        {
            return null;
        }

        var calls = _calls.ToList();
        var sent = Enumerable.Range(_sent, whole - _sent).Select(index => Call(index, calls[index])).OfType<OllamaToolCall>().ToList();
        _sent = whole;
        return sent.Count > 0 ? sent : null;
    }

    private static OllamaToolCall? Call(int index, ToolCall call)
    {
        try
        {
            using var arguments = JsonDocument.Parse(call.Arguments);
            return new OllamaToolCall
            {
                Id = IdStart + call.Id[IdStart.Length..].ToLowerInvariant()[..IdLength],
                Function = new OllamaToolFunction { Index = index, Name = call.Name, Arguments = arguments.RootElement.Clone() },
            };
        }
        catch (JsonException)
        {
            // Cut by a limit, which the reason of the last object says.
            return null;
        }
    }
}
