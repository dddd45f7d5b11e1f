namespace LlavaServer.Benchmarks.Gaps;

/// <summary>Something that answers questions token by token: a server, or the pool in this process.</summary>
internal interface IAnswers : IAsyncDisposable
{
    /// <summary>Asks, and gives the moment (of <see cref="System.Diagnostics.Stopwatch"/>) at which each piece of the answer arrives.</summary>
    IAsyncEnumerable<long> AskAsync(string model, string question, byte[]? picture, int maxTokens, CancellationToken cancellationToken);

    /// <summary>Tokens of the question's prompt.</summary>
    Task<int> CountAsync(string model, string question);
}
