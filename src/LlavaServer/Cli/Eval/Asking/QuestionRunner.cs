using System.Text.Json;
using LlavaServer.Cli.Client;

namespace LlavaServer.Cli.Eval.Asking;

/// <summary>
/// Asks what has no answer yet, several questions at a time, and writes each answer when it comes. A question that fails goes to the file of failures
/// beside the answers and is asked again next time. What no other question would survive (wrong key, no such model, no server) ends the run.
/// Owned by one verb.
/// </summary>
internal sealed class QuestionRunner(ChatEndpoint endpoint, string model, int concurrency, EvalProgress progress)
{
    private int _failed;
    private int _busy;

    /// <summary>Questions without an answer, of those that were asked.</summary>
    public int Failed => _failed;

    /// <summary>Of <see cref="Failed"/>, those that a busy server refused to the end.</summary>
    public int Busy => _busy;

    public static string FailuresPath(string answersPath) => answersPath + ".failures";

    /// <exception cref="VerbException">The run cannot go on; answers so far are kept.</exception>
    public async Task RunAsync(IReadOnlyList<EvalQuestion> questions, AnswerFile answers, CancellationToken cancellationToken)
    {
        var (pairs, _) = AnswerMatch.Pair(questions, answers.Present);
        var missing = pairs.Where(static pair => pair.Answer is null).Select(static pair => pair.Question).ToList();
        File.Delete(FailuresPath(answers.Path));
        progress.Begin(questions.Count, questions.Count - missing.Count);
        if (missing.Count == 0)
        {
            return;
        }

        var gate = new Lock();
        await Parallel.ForEachAsync(missing, new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken }, async (question, stop) =>
        {
            try
            {
                var picture = question.PictureBytes?.Invoke() ?? (question.PicturePath is { } path ? await File.ReadAllBytesAsync(path, stop) : null);
                var (text, reason) = await endpoint.AskAsync(null, question.Text, picture, stop);
                answers.Add(new EvalAnswer
                {
                    QuestionId = question.Id,
                    RoundId = question.Round,
                    Prompt = question.Prompt,
                    Text = text,
                    Options = question.Options,
                    OptionChar = question.OptionLetters,
                    AnswerId = Guid.NewGuid().ToString("N"),
                    ModelId = model,
                    Metadata = new EvalAnswerMetadata { FinishReason = reason },
                });
                progress.Answered();
            }
            catch (Exception failure) when (failure is AskException or IOException or UnauthorizedAccessException)
            {
                var status = (failure as AskException)?.Status;
                ThrowIfHopeless(failure as AskException);
                Interlocked.Increment(ref _failed);
                if (status is 429 or 503)
                {
                    Interlocked.Increment(ref _busy);
                }

                lock (gate)
                {
                    File.AppendAllText(
                        FailuresPath(answers.Path),
                        JsonSerializer.Serialize(new { question_id = question.Id, round_id = question.Round, prompt = question.Prompt, status, error = failure.Message }, JsonLines.Writing) + "\n");
                }

                progress.HasFailed();
            }
        });
    }

    private void ThrowIfHopeless(AskException? failure)
    {
        switch (failure?.Status)
        {
            case null when failure is not null:
                throw new VerbException(ExitCodes.NotReachable, $"The server does not answer ({failure.Message}). What was answered is kept; go on with --resume.");
            case 401 or 403:
                throw new VerbException(ExitCodes.Refused, $"The server refuses: {failure.Message}");
            case 404:
                throw new VerbException(ExitCodes.ModelNotFound, $"{model}: {failure.Message}");
            default:
                break;
        }
    }
}
