using System.Net;
using LlavaServer.Configuration;
using LlavaServer.Inference;
using LlavaServer.Logging;
using LlavaServer.Models.Registry;
using LlavaServer.Models.Store;
using Microsoft.Extensions.Options;

namespace LlavaServer.Endpoints.Ollama.Store;

/// <summary>Which registries a request may have the server talk to. Singleton, thread-safe.</summary>
internal sealed class RegistryAccess(RegistryNetwork network, IOptions<InferenceOptions> inference)
{
    /// <summary>
    /// Throws 403 for a registry that the settings do not allow, or that is inside this network: such a one is dialled for someone who is in it, or may
    /// manage the server, and who wrote it as such.
    /// </summary>
    public void Check(HttpContext context, ModelName name, bool isInsecure)
    {
        var allowed = SecurityOptions.Split(inference.Value.Models.Registries);
        if (allowed.Length > 0 && !allowed.Contains(name.Host, StringComparer.OrdinalIgnoreCase))
        {
            throw new RequestException(403, "registry_not_allowed", $"registry {OllamaText.Quote(name.Host)} is none of those that this server may use (Models:Registries)");
        }

        var isTrusted = RequestRecord.Of(context).KeyName is not null || IPAddress.IsLoopback(context.Connection.RemoteIpAddress ?? IPAddress.None);
        try
        {
            if (!isTrusted && new RegistryAddress(name, isInsecure).IsInside(network.IsPublic))
            {
                throw new RequestException(403, "registry_not_allowed", "a registry inside this network is used for callers of this machine and for admin keys only");
            }
        }
        catch (RegistryException failure)
        {
            throw RequestException.InvalidValue("model", failure.Message);
        }
    }
}
