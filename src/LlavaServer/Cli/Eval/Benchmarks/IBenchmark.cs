using LlavaServer.Cli.Eval.Asking;

namespace LlavaServer.Cli.Eval.Benchmarks;

/// <summary>One kind of question set: how its files are read and its answers scored. Stateless.</summary>
internal interface IBenchmark
{
    /// <summary>As <c>--set</c> names it.</summary>
    string Name { get; }

    /// <summary>As tables and plots name it.</summary>
    string Title { get; }

    /// <summary>Longest answer, in tokens, as in LLaVA's script for this set.</summary>
    int MaxTokens { get; }

    /// <exception cref="Client.VerbException">A file is missing or not of this form.</exception>
    IReadOnlyList<EvalQuestion> Read(EvalInputs inputs);

    /// <summary>The score, or null when the inputs have no labels.</summary>
    Task<EvalScore?> ScoreAsync(EvalInputs inputs, IReadOnlyList<AnsweredQuestion> answers, CancellationToken cancellationToken);

    /// <summary>Writes the form that the benchmark's own server or tool takes; false when it has none.</summary>
    bool WriteUpload(EvalInputs inputs, IReadOnlyList<AnsweredQuestion> answers, string path) => false;
}
