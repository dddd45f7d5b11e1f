using System.Text.Json;
using LlavaServer.Inference.Prompting.GoTemplate;
using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Tests.Prompting.GoTemplate;

/// <summary>Renders a template with a value written as JSON; its numbers are floating-point, as in Go.</summary>
internal static class GoRendering
{
    public static readonly JinjaLimits Limits = new(1_000_000, 2 << 20);

    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    // A template that reads neither messages nor a response gets the response appended; this part reads one and is never called.
    private const string Reads = "{{define \"reads\"}}{{.Response}}{{end}}";

    public static string Run(string template, string data = "{}", JinjaLimits? limits = null) => Text(template, data, limits).Value;

    public static JinjaText Text(string template, string data = "{}", JinjaLimits? limits = null)
    {
        using var document = JsonDocument.Parse(data);
        return GoProgram.Compile("test", Reads + template).Render(GoTools.Any(document.RootElement), Now, new JinjaBudget(limits ?? Limits));
    }

    /// <summary>What went wrong.</summary>
    public static JinjaException Fails(string template, string data = "{}", JinjaLimits? limits = null) =>
        Assert.Throws<JinjaException>(() => Run(template, data, limits));
}
