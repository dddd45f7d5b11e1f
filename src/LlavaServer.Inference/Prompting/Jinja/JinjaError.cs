namespace LlavaServer.Inference.Prompting.Jinja;

/// <summary>Causes of a <see cref="JinjaException"/>.</summary>
internal enum JinjaError
{
    /// <summary>Not a template of this language, or of a part of it that is not spoken here.</summary>
    Syntax,

    /// <summary>A value of the wrong kind.</summary>
    Value,

    /// <summary>The template called <c>raise_exception</c>: it does not take this conversation.</summary>
    Raised,

    /// <summary>Too many steps, too much text, or nested too deeply.</summary>
    Limit,
}
