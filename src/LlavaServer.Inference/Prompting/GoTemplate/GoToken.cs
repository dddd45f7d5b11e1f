namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>A token of a template, as it is written there.</summary>
internal readonly record struct GoToken(GoTokenKind Kind, string Text, int Line)
{
    /// <summary>As errors show it.</summary>
    public override string ToString() => Kind switch
    {
        GoTokenKind.End => "EOF",
        >= GoTokenKind.Block => $"<{Text}>",
        _ => Text.Length > 10 ? $"\"{Text[..10]}\"..." : $"\"{Text}\"",
    };
}
