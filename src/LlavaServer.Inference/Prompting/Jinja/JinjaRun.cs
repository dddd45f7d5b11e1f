namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>From <see cref="Start"/> on, the characters of a <see cref="JinjaText"/> come from <see cref="Mark"/>.</summary>
internal readonly record struct JinjaRun(int Start, int Mark);
