using System.Text.Json;
using LlavaServer.Inference.Prompting.Jinja;

namespace LlavaServer.Inference.Tests.Prompting.Jinja;

/// <summary>Renders a template with values written as JSON.</summary>
internal static class Rendering
{
    public static readonly JinjaLimits Limits = new(1_000_000, 2 << 20);

    public static string Run(string template, string values = "{}", JinjaLimits? limits = null) => Text(template, values, limits).Value;

    public static JinjaText Text(string template, string values = "{}", JinjaLimits? limits = null)
    {
        using var document = JsonDocument.Parse(values);
        var names = document.RootElement.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, JinjaJson.Read(p.Value))).ToArray();
        return JinjaTemplate.Compile("test", template).Render(names, limits ?? Limits);
    }

    /// <summary>Template text as it is, text of the request in brackets, pictures as #.</summary>
    public static string Marks(JinjaText text)
    {
        var shown = new System.Text.StringBuilder();
        for (var run = 0; run < text.Runs.Length; run++)
        {
            var part = text.Value[text.Runs[run].Start..text.EndOf(run)];
            shown.Append(text.Runs[run].Mark switch
            {
                JinjaText.Template => part,
                JinjaText.Input => $"[{part}]",
                var image => $"#{image - JinjaText.FirstImage}",
            });
        }

        return shown.ToString();
    }
}
