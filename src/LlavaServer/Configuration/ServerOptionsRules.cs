using LlavaServer.Edge.Access;
using Microsoft.Extensions.Options;

namespace LlavaServer.Configuration;

/// <summary>Checks what attributes cannot say about the host's settings.</summary>
internal sealed class ServerOptionsRules : IValidateOptions<ServerOptions>
{
    public ValidateOptionsResult Validate(string? name, ServerOptions options)
    {
        var failures = new List<string>();
        if (!ServerAddress.TryParse(options.Host, out var address))
        {
            failures.Add("Host must be an address such as 127.0.0.1:11434 or http://0.0.0.0:8080.");
        }
        else if (address.Scheme != "http")
        {
            failures.Add("Host must begin with http://: this server does not terminate TLS.");
        }

        if (options.Model is { Path: null or "", Mmproj.Length: > 0 })
        {
            failures.Add("Model:Mmproj needs Model:Path (--mmproj goes with --model).");
        }

        foreach (var file in new[] { options.Model.Path, options.Model.Mmproj })
        {
            if (!string.IsNullOrEmpty(file) && !File.Exists(file))
            {
                failures.Add($"There is no model file {file}.");
            }
        }

        if (SecurityOptions.Split(options.Images.RemotePorts) is var ports && (ports.Length == 0 || !Array.TrueForAll(ports, static port => ushort.TryParse(port, out var number) && number > 0)))
        {
            failures.Add("Images:RemotePorts must be port numbers from 1 to 65535, separated by commas.");
        }

        if (options.Images.MediaPath is { } media && !Directory.Exists(media))
        {
            failures.Add($"There is no folder {media} (Images:MediaPath).");
        }

        var count = ApiKeyList.Read(options.Security.ApiKeys, "Security:ApiKeys", failures).Count
            + (options.Security.ApiKeysFile is { } keys ? ApiKeys.ReadFile(keys, failures).Count : 0);
        if (options.Security.HasKeys && count == 0 && failures.Count == 0)
        {
            failures.Add("Security:ApiKeys names no key.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
