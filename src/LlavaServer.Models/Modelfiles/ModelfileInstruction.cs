namespace LlavaServer.Models.Modelfiles;

/// <summary>One instruction of a Modelfile. Immutable.</summary>
/// <param name="Kind">Which one.</param>
/// <param name="Value">Its text, without the quotes that it may stand in.</param>
/// <param name="Name">Name of a parameter, role of a message; otherwise null.</param>
/// <param name="Line">Line of the file where it begins, from 1; 0 when it comes from no file.</param>
public sealed record ModelfileInstruction(ModelfileInstructionKind Kind, string Value, string? Name = null, int Line = 0);
