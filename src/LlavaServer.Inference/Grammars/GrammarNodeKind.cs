namespace LlavaServer.Inference.Grammars;

/// <summary>What a node of a grammar's automaton does.</summary>
internal enum GrammarNodeKind : byte
{
    /// <summary>The end of a rule or of a repeated item: goes on where the frame says.</summary>
    Return,

    /// <summary>Takes one byte between <see cref="GrammarNode.Low"/> and <see cref="GrammarNode.High"/>.</summary>
    Byte,

    /// <summary>Goes on at each of <see cref="GrammarNode.Targets"/>.</summary>
    Split,

    /// <summary>Runs the rule at <see cref="GrammarNode.Body"/>, then <see cref="GrammarNode.Next"/>.</summary>
    Call,

    /// <summary>Runs <see cref="GrammarNode.Body"/> between Min and Max times, then <see cref="GrammarNode.Next"/>.</summary>
    Repeat,
}
