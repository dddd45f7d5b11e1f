namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>One node of a parsed template, on its line. Immutable.</summary>
internal abstract record GoNode(int Line);

/// <summary>Text as it is.</summary>
internal sealed record GoTextNode(int Line, string Text) : GoNode(Line);

/// <summary>A pipeline whose value is written, unless it sets a variable.</summary>
internal sealed record GoActionNode(int Line, GoPipe Pipe) : GoNode(Line);

/// <summary><c>if</c>, <c>with</c> or <c>range</c>.</summary>
internal sealed record GoBranchNode(int Line, GoTokenKind Kind, GoPipe Pipe, GoNode[] Body, GoNode[]? Otherwise) : GoNode(Line);

/// <summary>Runs a named template on the value of a pipeline, or on nothing.</summary>
internal sealed record GoCallNode(int Line, string Name, GoPipe? Pipe) : GoNode(Line);

/// <summary><c>break</c> or <c>continue</c>.</summary>
internal sealed record GoJumpNode(int Line, bool IsBreak) : GoNode(Line);
