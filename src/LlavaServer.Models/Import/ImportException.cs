namespace LlavaServer.Models.Import;

/// <summary>
/// A checkpoint is damaged or of a kind that is not supported. The message is one line that names the file, setting or tensor and the rule.
/// </summary>
public sealed class ImportException(string message) : Exception(message);
