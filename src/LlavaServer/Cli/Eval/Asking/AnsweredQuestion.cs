namespace LlavaServer.Cli.Eval.Asking;

/// <summary>A question with what a model answered; null when it has no answer (yet, or because asking failed).</summary>
internal readonly record struct AnsweredQuestion(EvalQuestion Question, EvalAnswer? Answer)
{
    public string Text => Answer?.Text ?? "";
}
