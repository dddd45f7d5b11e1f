namespace LlavaServer.Inference.Prompting;

/// <summary>
/// Which template a model got and from where (<c>setting</c>, <c>model template</c> of a manifest, <c>model file</c> or <c>family profile</c>). Without a template conversations are
/// refused with <see cref="Warning"/> as the reason; raw prompts work.
/// </summary>
internal sealed record ChatTemplateChoice(ChatTemplate? Template, string Source, string? Warning);
