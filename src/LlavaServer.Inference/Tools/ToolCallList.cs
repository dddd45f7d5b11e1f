using System.Text;
using LlavaServer.Inference.Prompting;

namespace LlavaServer.Inference.Tools;

/// <summary>Puts the pieces of an answer's calls together, for answers that are sent whole. One answer, one thread.</summary>
public sealed class ToolCallList
{
    private readonly List<(string Id, string Name, StringBuilder Arguments)> _calls = [];

    public int Count => _calls.Count;

    public void Add(IReadOnlyList<ToolCallDelta>? pieces)
    {
        foreach (var piece in pieces ?? [])
        {
            if (piece.Id is not null)
            {
                _calls.Add((piece.Id, piece.Name!, new StringBuilder()));
            }

            _calls[piece.Index].Arguments.Append(piece.Arguments);
        }
    }

    /// <summary>The calls so far.</summary>
    public IReadOnlyList<ToolCall> ToList() => _calls.ConvertAll(static call => new ToolCall(call.Id, call.Name, call.Arguments.ToString()));
}
