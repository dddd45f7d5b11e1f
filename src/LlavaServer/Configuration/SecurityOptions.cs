namespace LlavaServer.Configuration;

/// <summary>Who may call, section <c>Llava:Security</c>. Lists are separated by commas.</summary>
internal sealed class SecurityOptions
{
    /// <summary>Origins of pages that may call beside loopback ones; <c>*</c> stands for any run of characters.</summary>
    public string Origins { get; set; } = "";

    /// <summary>Host names that are answered beside those of this machine, when the server listens on loopback only.</summary>
    public string AllowedHosts { get; set; } = "";

    /// <summary><c>name:key</c> and <c>name:key:admin</c>, separated by commas or lines. Default none: use is open, models are changed from this machine only.</summary>
    public string ApiKeys { get; set; } = "";

    /// <summary>File with more keys of that form, read again when it changes. Default none.</summary>
    public string? ApiKeysFile { get; set; }

    /// <summary>Without keys, lets other machines change models too. Default off.</summary>
    public bool AllowRemoteManagement { get; set; }

    /// <summary>Keys are asked for.</summary>
    public bool HasKeys => ApiKeys.Length > 0 || ApiKeysFile is not null;

    public static string[] Split(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
