namespace LlavaServer.Configuration;

/// <summary>Pages that the server offers, section <c>Llava:Web</c>.</summary>
internal sealed class WebOptions
{
    /// <summary>The OpenAPI document and its page at <c>/swagger</c>. Default on.</summary>
    public bool ApiDocs { get; set; } = true;
}
