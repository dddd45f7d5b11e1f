namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>A filter or a test: works on a value, with arguments.</summary>
internal delegate object? JinjaFilter(object? value, JinjaArguments arguments);
