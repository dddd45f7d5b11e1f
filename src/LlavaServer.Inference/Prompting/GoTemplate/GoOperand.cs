namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>A value in an action, with its spelling for errors. Immutable.</summary>
internal abstract record GoOperand(string Spelling);

/// <summary>A pipeline: of an action, or in parentheses. With variables it sets them.</summary>
internal sealed record GoPipe(int Line, bool IsAssign, string[] Variables, GoCommand[] Commands) : GoOperand("(...)");

/// <summary>One stage of a pipeline: a value, or a function and its arguments.</summary>
internal sealed record GoCommand(GoOperand[] Operands);

internal sealed record GoDot() : GoOperand(".");

internal sealed record GoNilLiteral() : GoOperand("nil");

/// <summary><c>.A.B</c></summary>
internal sealed record GoField(string[] Names) : GoOperand("." + string.Join('.', Names));

/// <summary><c>$x.A.B</c>; <see cref="Name"/> has its dollar.</summary>
internal sealed record GoVariable(string Name, string[] Names) : GoOperand(string.Join('.', [Name, .. Names]));

/// <summary>Fields of a value in parentheses.</summary>
internal sealed record GoChain(GoOperand Of, string[] Names) : GoOperand($"{Of.Spelling}.{string.Join('.', Names)}");

internal sealed record GoFunctionName(string Name) : GoOperand(Name);

/// <summary>A boolean, a number or a text of the template.</summary>
internal sealed record GoConstant(object Value, string Text) : GoOperand(Text);
