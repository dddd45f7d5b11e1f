namespace LlavaServer.Configuration;

/// <summary>Who may call, section <c>Llava:Security</c>. Lists are separated by commas.</summary>
internal sealed class SecurityOptions
{
    /// <summary>Origins of pages that may call beside loopback ones; <c>*</c> stands for any run of characters.</summary>
    public string Origins { get; set; } = "";

    /// <summary>Host names that are answered beside those of this machine, when the server listens on loopback only.</summary>
    public string AllowedHosts { get; set; } = "";

    public static string[] Split(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
