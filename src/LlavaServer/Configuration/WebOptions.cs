using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Configuration;

/// <summary>Pages that the server offers, section <c>Llava:Web</c>.</summary>
internal sealed class WebOptions
{
    /// <summary>The OpenAPI document and its page at <c>/swagger</c>. Default on.</summary>
    public bool ApiDocs { get; set; } = true;

    /// <summary>The chat page at <c>/</c> with its files. Default on.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Name of the page.</summary>
    [Required]
    public string Title { get; set; } = "LlavaServer";

    /// <summary>Plain text that the page shows before the first question, for example whom to ask for help.</summary>
    public string? Notice { get; set; }

    /// <summary>Model that new visitors begin with; without it the first of the list.</summary>
    public string? DefaultModel { get; set; }

    /// <summary>System prompt that new chats begin with.</summary>
    public string? SystemPrompt { get; set; }

    /// <summary>Pixels of a picture's longer side above which the page scales it down before it sends it. Default 2048: more than any tower reads.</summary>
    [Range(64, 16384)]
    public int LongestSide { get; set; } = 2048;

    /// <summary>Whether the page offers the camera where the browser has one. Default on.</summary>
    public bool Camera { get; set; } = true;

    /// <summary>Whether the page may keep conversations in the visitor's browser. Default on.</summary>
    public bool History { get; set; } = true;

    /// <summary>Whether the page shows its two examples. Default on.</summary>
    public bool Examples { get; set; } = true;

    /// <summary>Who may show the page in a frame, as in the policy <c>frame-ancestors</c>. Default nobody.</summary>
    [Required, RegularExpression(@"[^;,\p{C}]+", ErrorMessage = "Web:FrameAncestors must be sources separated by spaces, without commas and semicolons.")]
    public string FrameAncestors { get; set; } = "'none'";
}
