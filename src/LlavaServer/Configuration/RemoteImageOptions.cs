using System.ComponentModel.DataAnnotations;

namespace LlavaServer.Configuration;

/// <summary>
/// Pictures that a request names by address, section <c>Llava:Images</c> (inference reads its own settings of decoding there). Lists are separated by
/// commas.
/// </summary>
internal sealed class RemoteImageOptions
{
    /// <summary>Fetches pictures of http and https addresses. Default off: whoever may ask would choose what this machine connects to.</summary>
    public bool AllowRemoteImages { get; set; }

    /// <summary>Time for one picture, redirects and repeated tries included. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan RemoteTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Redirects that are followed for one picture. Default 3.</summary>
    [Range(0, 20)]
    public int RemoteRedirects { get; set; } = 3;

    /// <summary>Ports that are connected to. Default those of http and https.</summary>
    [Required]
    public string RemotePorts { get; set; } = "80,443";

    /// <summary>Hosts that are connected to, <c>*.example.org</c> for all below a domain. Default any public one.</summary>
    public string RemoteHosts { get; set; } = "";

    /// <summary>Pictures fetched at once, over all requests; others wait. Default 16, one request's worth.</summary>
    [Range(1, 1024)]
    public int RemoteDownloads { get; set; } = 16;

    /// <summary>Folder whose pictures may be named by <c>file://</c> addresses. Default none.</summary>
    public string? MediaPath { get; set; }
}
