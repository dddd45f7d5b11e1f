namespace LlavaServer.Tests.Clients;

/// <summary>One client library of .NET behind the questions of the matrix.</summary>
internal interface IMatrixClient
{
    Task<ClientAnswer> AskAsync(ClientQuestion question, CancellationToken cancellationToken);

    /// <param name="question">What is asked.</param>
    /// <param name="onPiece">Called with the number of pieces of text so far.</param>
    /// <param name="cancellationToken">Leaves the stream.</param>
    Task<ClientAnswer> StreamAsync(ClientQuestion question, Action<int> onPiece, CancellationToken cancellationToken);
}
