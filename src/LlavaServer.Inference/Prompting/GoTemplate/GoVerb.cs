namespace LlavaServer.Inference.Prompting.GoTemplate;

/// <summary>A verb of a format with what stands before it; a width or precision of -1 is none.</summary>
internal readonly record struct GoVerb(char Verb, string Flags = "", int Width = -1, int Precision = -1);
