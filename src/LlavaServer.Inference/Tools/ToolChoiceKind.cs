namespace LlavaServer.Inference.Tools;

/// <summary>How free the model is to call a tool.</summary>
public enum ToolChoiceKind
{
    /// <summary>The model calls a tool or answers in text.</summary>
    Auto,

    /// <summary>The tools are not shown, and nothing is read as a call.</summary>
    None,

    /// <summary>The answer is at least one call.</summary>
    Required,

    /// <summary>The answer is a call of one tool.</summary>
    Named,
}
