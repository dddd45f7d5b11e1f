using System.Text;
using LlavaServer.Endpoints.Answers;
using LlavaServer.Inference;

namespace LlavaServer.Endpoints.OpenAI.Responses;

/// <summary>One item of a response's output while it grows: a message with its text, or a call with its arguments. Owned by one request.</summary>
internal sealed class ResponseItem
{
    private readonly StringBuilder _text = new();
    private readonly List<TokenLogProbability> _tokens = [];

    private ResponseItem(string id) => Id = id;

    public string Id { get; }

    /// <summary>Id of the call; null for a message.</summary>
    public string? CallId { get; private init; }

    /// <summary>The called function; null for a message.</summary>
    public string? Name { get; private init; }

    public ResponseStatus Status { get; set; } = ResponseStatus.InProgress;

    /// <summary>The message's text, or the call's arguments.</summary>
    public string Text => _text.ToString();

    public IReadOnlyList<TokenLogProbability> Tokens => _tokens;

    public static ResponseItem Message() => new(ChatAnswer.NewId("msg_"));

    public static ResponseItem Call(string callId, string name) => new(ChatAnswer.NewId("fc_")) { CallId = callId, Name = name };

    /// <summary>The items of a whole answer: its text if there is some or nothing else, then its calls.</summary>
    public static IReadOnlyList<ResponseItem> Of(WholeChoice choice)
    {
        var items = new List<ResponseItem>();
        if (choice.Text.Length > 0 || choice.ToolCalls.Count == 0)
        {
            var message = Message();
            message.Add(choice.Text, choice.Tokens);
            items.Add(message);
        }

        foreach (var call in choice.ToolCalls)
        {
            var item = Call(call.Id, call.Name);
            item.Add(call.Arguments, null);
            items.Add(item);
        }

        items.ForEach(static item => item.Status = ResponseStatus.Completed);
        items[^1].Status = StatusOf(choice.FinishReason);
        return items;
    }

    public static ResponseStatus StatusOf(FinishReason reason) => reason == FinishReason.Length ? ResponseStatus.Incomplete : ResponseStatus.Completed;

    public void Add(string text, IReadOnlyList<TokenLogProbability>? tokens)
    {
        _text.Append(text);
        _tokens.AddRange(tokens ?? []);
    }
}
